// SPDX-License-Identifier: Apache-2.0
// store/object_ref.hh -- names for one object's place and for who made it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/object_id.hh"

namespace obj {

// One object, exactly: a slot and the generation that it had when the object was made.
struct ObjectRef {
  uint32_t slot;
  uint64_t generation;

  friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};

// A client's session with the daemon; never used twice in a daemon's life. 0: nobody.
using SessionId = uint32_t;
// No client's: who creates what is pulled from other nodes, and whose pins the daemon's own are.
inline constexpr SessionId kPullSession = UINT32_MAX;
inline constexpr SessionId kDaemonSession = UINT32_MAX - 1;
inline constexpr SessionId kClientSessionMax = UINT32_MAX - 2;

// A primary is what was put here; a secondary was pulled from another node, and goes first.
enum class CopyRole : uint8_t { kPrimary, kSecondary };
inline constexpr size_t kCopyRoles = 2;

// Where an object lies in the arena.
struct Placement {
  ObjectRef ref;
  uint64_t offset;
  uint64_t data_bytes;
  uint32_t metadata_bytes;
  ObjectId id;
  CopyRole role = CopyRole::kPrimary;
  uint32_t origin = 0;  // the put that it is a copy of, as its creator named it; 0: none named
};

}  // namespace obj
