// SPDX-License-Identifier: Apache-2.0
// tests/fabric/verbs/test_table.hh -- an arena and an object table that others read, as a node has
// them.
//
// The bytes of the arena are a function of their offset, so every byte that arrives can be checked.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "base/mapping.hh"
#include "base/memory_file.hh"
#include "fabric/verbs/shared_table.hh"
#include "store/object_table.hh"

namespace obj {

inline std::byte arena_byte(uint64_t offset) {
  return static_cast<std::byte>((offset * 2654435761u) >> 13 ^ offset);
}

inline Mapping test_memory(uint64_t bytes) {
  auto file = create_memory_file("test", bytes, PageSize::kSystem);
  EXPECT_TRUE(file.has_value());
  auto mapping =
      Mapping::map(file->get(), bytes, Mapping::Access::kReadWrite, page_bytes(PageSize::kSystem));
  EXPECT_TRUE(mapping.has_value());
  return std::move(*mapping);
}

// In slot s, if add() made it: an object at the offset that it was made with.
class TestTable : public verbs::SharedTable {
 public:
  static constexpr uint32_t kSlots = 64;

  explicit TestTable(SourceNode node, uint64_t arena_bytes = 1 << 20)
      : arena_(test_memory(arena_bytes)),
        segment_(test_memory((ObjectTable::segment_bytes_for(kSlots) + 4095) / 4096 * 4096)),
        objects_(ObjectTable::over(
            segment_.bytes(),
            {.slot_count = kSlots, .incarnation = node.incarnation, .arena_bytes = arena_bytes},
            1)) {
    for (uint64_t i = 0; i < arena_bytes; i++) arena_.bytes()[i] = arena_byte(i);
  }

  ObjectRef add(const ObjectId& id, uint64_t offset, uint64_t data_bytes) {
    const ObjectRef ref = objects_.add({id, offset, data_bytes, 0, 0});
    objects_.seal(ref.slot);
    return ref;
  }
  void remove(ObjectRef ref) {
    objects_.begin_eviction(ref.slot);
    objects_.unlink(ref.slot);
    objects_.release(ref.slot);
  }

  std::span<std::byte> arena() const override { return arena_.bytes(); }
  std::span<const std::byte> table() const override { return segment_.bytes(); }
  verbs::TableShape shape() const override {
    const ControlHeader& header = objects_.header();
    return {header.version + version_offset, header.slot_count, header.slots_offset};
  }
  bool is_start_of(verbs::Line line, SourceNode node) const override {
    uint64_t magic, incarnation;
    std::memcpy(&magic, line.data(), sizeof magic);
    std::memcpy(&incarnation, line.data() + offsetof(ControlHeader, incarnation),
                sizeof incarnation);
    return magic == kControlMagic && incarnation == node.incarnation;
  }
  Result<SlotSighting> sighting(verbs::Line line) const override {
    Word control, offset, data_bytes, ready_bytes;
    SlotSighting seen;
    std::memcpy(&control, line.data() + offsetof(Slot, control), 8);
    std::memcpy(&offset, line.data() + offsetof(Slot, offset), 8);
    std::memcpy(&data_bytes, line.data() + offsetof(Slot, data_bytes), 8);
    std::memcpy(&ready_bytes, line.data() + offsetof(Slot, ready_bytes), 8);
    std::memcpy(&seen.id, line.data() + offsetof(Slot, id_words), sizeof seen.id);
    seen.generation = control_generation(control);
    seen.offset = offset;
    seen.data_bytes = data_bytes;
    seen.ready_bytes = ready_bytes;
    if (control_state(control) == SlotState::kFree) {
      return std::unexpected(Error{ErrorCode::kStale, 0, "test"});
    }
    return seen;
  }

  uint32_t version_offset = 0;  // as another version would say

 private:
  using Word = uint64_t;

  Mapping arena_;
  Mapping segment_;
  ObjectTable objects_;
};

}  // namespace obj
