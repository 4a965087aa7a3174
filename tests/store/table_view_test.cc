// SPDX-License-Identifier: Apache-2.0
// Goal: a segment that does not describe itself truly is refused, not read out of bounds.
#include "store/shared/table_view.hh"

#include <gtest/gtest.h>

#include <functional>
#include <new>

#include "store/object_table.hh"
#include "tests/store/test_segment.hh"

namespace obj {
namespace {

constexpr uint32_t kSlots = 100;

// The error of a segment whose header was changed.
ErrorCode error_after(const std::function<void(ControlHeader&)>& change) {
  TestSegment segment(kSlots);
  ObjectTable table = ObjectTable::over(segment.bytes(), {.slot_count = kSlots}, 1);
  change(table.header());
  const auto view = TableView::over(segment.bytes());
  EXPECT_FALSE(view.has_value());
  return view ? ErrorCode::kSystem : view.error().code;
}

TEST(TableView, accepts_what_the_table_lays_out) {
  TestSegment segment(kSlots);
  const ObjectTable table = ObjectTable::over(segment.bytes(), {.slot_count = kSlots}, 1);
  EXPECT_TRUE(TableView::over(segment.bytes()).has_value());
}

TEST(TableView, refuses_a_segment_that_is_too_short) {
  TestSegment segment(kSlots);
  const ObjectTable table = ObjectTable::over(segment.bytes(), {.slot_count = kSlots}, 1);
  EXPECT_FALSE(TableView::over(segment.bytes().first(100)).has_value());
  EXPECT_FALSE(TableView::over(segment.bytes().first(kControlHeaderBytes)).has_value());
  EXPECT_FALSE(TableView::over(segment.bytes().first(segment.bytes().size() - 1)).has_value());
}

TEST(TableView, refuses_foreign_memory_and_other_versions) {
  EXPECT_EQ(error_after([](ControlHeader& header) { header.magic++; }), ErrorCode::kInvalid);
  EXPECT_EQ(error_after([](ControlHeader& header) { header.version++; }), ErrorCode::kVersion);
}

TEST(TableView, refuses_counts_and_offsets_that_leave_the_segment) {
  using Header = ControlHeader;
  const auto invalid = ErrorCode::kInvalid;
  EXPECT_EQ(error_after([](Header& header) { header.slot_count++; }), invalid);
  EXPECT_EQ(error_after([](Header& header) { header.slot_count = UINT32_MAX; }), invalid);
  EXPECT_EQ(error_after([](Header& header) { header.bucket_count = 1u << 31; }), invalid);
  EXPECT_EQ(error_after([](Header& header) { header.bucket_count--; }), invalid);
  EXPECT_EQ(error_after([](Header& header) { header.bucket_count = 0; }), invalid);
  EXPECT_EQ(error_after([](Header& header) { header.slots_offset += 64; }), invalid);
  EXPECT_EQ(error_after([](Header& header) { header.slots_offset += 8; }), invalid);
  EXPECT_EQ(error_after([](Header& header) { header.slots_offset = UINT64_MAX - 63; }), invalid);
  EXPECT_EQ(error_after([](Header& header) { header.heads_offset = UINT64_MAX - 3; }), invalid);
  EXPECT_EQ(error_after([](Header& header) { header.heads_offset++; }), invalid);
}

TEST(TableView, shows_only_sealed_objects) {
  TestSegment segment(kSlots);
  ObjectTable table = ObjectTable::over(segment.bytes(), {.slot_count = kSlots}, 1);
  const TableView view = TableView::over(segment.bytes()).value();
  const ObjectRef ref = table.add({numbered_id(1), 640, 100, 20});
  EXPECT_FALSE(view.find_sealed(numbered_id(1)).has_value());
  table.seal(ref.slot);
  const auto sighting = view.find_sealed(numbered_id(1));
  ASSERT_TRUE(sighting.has_value());
  EXPECT_EQ(sighting->slot, ref.slot);
  EXPECT_EQ(control_generation(sighting->control), ref.generation);
  EXPECT_EQ(sighting->offset, 640u);
  EXPECT_EQ(sighting->data_bytes, 100u);
  EXPECT_EQ(sighting->metadata_bytes, 20u);
  EXPECT_TRUE(view.still(sighting->slot, sighting->control));

  table.begin_eviction(ref.slot);
  EXPECT_FALSE(view.find_sealed(numbered_id(1)).has_value());
  EXPECT_FALSE(view.still(sighting->slot, sighting->control));
  table.cancel_eviction(ref.slot);
  EXPECT_TRUE(view.still(sighting->slot, sighting->control));
}

// A reader that stands on a slot may be led in circles by reuse; it must come back.
TEST(TableView, comes_back_from_a_chain_without_end) {
  TestSegment segment(kSlots);
  ObjectTable table = ObjectTable::over(segment.bytes(), {.slot_count = kSlots}, 1);
  const TableView view = TableView::over(segment.bytes()).value();
  const uint32_t slot = table.add({numbered_id(1), 0, 0, 0}).slot;
  const_cast<Slot&>(view.slot(slot)).next.store(slot + 1);
  EXPECT_FALSE(view.find_sealed(numbered_id(1)).has_value());
  const_cast<Slot&>(view.slot(slot)).next.store(kSlots + 1);
  EXPECT_FALSE(view.find_sealed(numbered_id(1)).has_value());
}

}  // namespace
}  // namespace obj
