// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/memory_layout.hh -- memory of a node that others may read: where, and by which keys.
#pragma once

#include <cstdint>
#include <vector>

namespace obj::verbs {

// Another node's memory is never a pointer here. Of another node it is a claim, checked by
// decode_answer().
struct MemoryLayout {
  uint64_t address = 0;  // of the first byte, as its owner's device knows it
  uint64_t size_bytes = 0;
  uint64_t piece_bytes = 0;  // each has a key of its own; the last may be shorter
  std::vector<uint32_t> keys;

  // REQUIRES: offset < size_bytes.
  uint32_t key_at(uint64_t offset) const { return keys[offset / piece_bytes]; }
  // [offset, + bytes) lies in it.
  bool holds(uint64_t offset, uint64_t bytes) const {
    return offset <= size_bytes && bytes <= size_bytes - offset;
  }

  friend bool operator==(const MemoryLayout&, const MemoryLayout&) = default;
};

// Both memories of a node that reads go to, as registered with one port.
struct NodeMemory {
  MemoryLayout arena;
  MemoryLayout table;  // the control segment

  friend bool operator==(const NodeMemory&, const NodeMemory&) = default;
};

// Where the slots lie in the control segment. Of what is in a slot fabric/ knows nothing: see
// SharedTable.
struct TableShape {
  uint32_t version = 0;  // of the layout of header and slots
  uint32_t slot_count = 0;
  uint64_t slots_offset = 0;  // a multiple of kSlotBytes

  friend bool operator==(const TableShape&, const TableShape&) = default;
};
inline constexpr uint32_t kSlotBytes = 64;

}  // namespace obj::verbs
