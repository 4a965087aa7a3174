// SPDX-License-Identifier: Apache-2.0
// fabric/pull/source.hh -- where an object's bytes can be had, and what a look at a holder shows.
//
// All of it was said by other nodes: a location may be out of date or a lie. Nothing here is
// believed before the generation check (fabric/pull/pull.hh).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/object_id.hh"
#include "fabric/source_node.hh"

namespace obj {

// What all copies of one object have in common. How data and metadata lie in an extent is the
// store's business: the driver computes the last two numbers.
struct ObjectShape {
  uint64_t data_bytes = 0;
  uint32_t metadata_bytes = 0;
  // Names the put that made the bytes, and is inherited by every copy. Copies of different origin
  // are never mixed in one pull: an id that two nodes put at once may have two contents.
  uint32_t origin = 0;
  uint64_t transfer_bytes = 0;  // data, padding and metadata, as they lie in the extent
  uint64_t extent_bytes = 0;    // what a copy takes of an arena; >= transfer_bytes

  friend bool operator==(const ObjectShape&, const ObjectShape&) = default;
};

// One holder's copy. The same node, slot and generation always mean the same bytes.
struct Source {
  SourceNode node;
  uint32_t slot = 0;
  uint64_t generation = 0;
  uint64_t offset = 0;       // of the extent, in the holder's arena
  uint64_t ready_bytes = 0;  // valid from the start: transfer_bytes once the copy is whole

  bool same_copy(const Source& other) const {
    return node == other.node && slot == other.slot && generation == other.generation &&
           offset == other.offset;
  }
  friend bool operator==(const Source&, const Source&) = default;
};

// What the directory says about one object, whole: it replaces what was said before.
struct ObjectRecord {
  std::optional<ObjectShape> shape{};  // nothing: nobody ever reported the object
  bool being_made = false;  // its copies are lost, and whoever makes it works on it again
  std::optional<SourceNode> spilled_at{};  // a node that can bring it back to its memory
  std::vector<Source> sources{};           // copies of this shape, also partial ones

  friend bool operator==(const ObjectRecord&, const ObjectRecord&) = default;
};

// A holder's slot as it was after the data completions were polled.
struct SlotSighting {
  ObjectId id;
  uint64_t generation = 0;
  uint64_t offset = 0;
  uint64_t data_bytes = 0;
  uint32_t metadata_bytes = 0;
  uint64_t ready_bytes = 0;  // as in Source: transfer_bytes once the copy is whole
};

}  // namespace obj
