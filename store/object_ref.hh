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
// Who creates what comes back from storage, and whose pins are on what goes there.
inline constexpr SessionId kSpillSession = UINT32_MAX - 2;
inline constexpr SessionId kClientSessionMax = UINT32_MAX - 3;

// A primary is what was put here; a secondary was pulled from another node, and goes first.
enum class CopyRole : uint8_t { kPrimary, kSecondary };

// Whether the bytes of a primary are anywhere but in memory. Secondary copies have no use for it.
enum class Safety : uint8_t { kOnlyCopy, kBeingSpilled, kSpilled };

// What losing an object from memory costs, and so in which order objects leave it: nothing, since
// another node or a spill record has it (kClean); or the object (kOnlyCopy), which is why it is
// being spilled first where there is storage (kBeingSpilled).
enum class Worth : uint8_t { kClean, kOnlyCopy, kBeingSpilled };
inline constexpr size_t kWorths = 3;
constexpr Worth worth_of(CopyRole role, Safety safety) {
  if (role == CopyRole::kSecondary || safety == Safety::kSpilled) return Worth::kClean;
  return safety == Safety::kOnlyCopy ? Worth::kOnlyCopy : Worth::kBeingSpilled;
}

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
