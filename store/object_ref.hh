// SPDX-License-Identifier: Apache-2.0
// store/object_ref.hh -- names for one object's place and for who made it.
#pragma once

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

// Where an object lies in the arena.
struct Placement {
  ObjectRef ref;
  uint64_t offset;
  uint64_t data_bytes;
  uint32_t metadata_bytes;
  ObjectId id;
};

}  // namespace obj
