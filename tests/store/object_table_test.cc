// SPDX-License-Identifier: Apache-2.0
// Goal: slots and index stay consistent, the generation moves on with each reuse, and readers
// beside the writer see whole objects or none.
#include "store/object_table.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "base/mapping.hh"
#include "store/shared/table_view.hh"
#include "tests/seed.hh"
#include "tests/store/test_segment.hh"

namespace obj {
namespace {

struct TestTable {
  explicit TestTable(uint32_t slot_count, uint64_t seed = 1)
      : segment(slot_count),
        table(ObjectTable::over(segment.bytes(), {.slot_count = slot_count}, seed)) {}

  uint32_t add(uint64_t number) {
    return table.add({numbered_id(number), number * 64, number, 0}).slot;
  }
  // Sealed -> Free, as an eviction does it.
  void evict(uint32_t slot) {
    table.begin_eviction(slot);
    table.unlink(slot);
    table.release(slot);
  }

  TestSegment segment;
  ObjectTable table;
};

TEST(ObjectTable, describes_itself_to_readers) {
  TestSegment segment(100);
  const ObjectTable table = ObjectTable::over(
      segment.bytes(), {.slot_count = 100, .incarnation = 7, .arena_bytes = 4096}, 99);
  const auto view = TableView::over(table.segment());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->slot_count(), 100u);
  EXPECT_EQ(view->header().incarnation, 7u);
  EXPECT_EQ(view->header().arena_bytes, 4096u);
  EXPECT_EQ(view->header().hash_seed, 99u);
  EXPECT_GE(view->header().bucket_count, 200u);
}

TEST(ObjectTable, needs_at_most_128_bytes_an_object) {
  for (const uint32_t slots : {4096u, 65'537u, 1'000'000u, ObjectTable::kSlotCountMax}) {
    EXPECT_LE(ObjectTable::segment_bytes_for(slots) / slots, 128u) << slots;
  }
}

TEST(ObjectTable, finds_what_was_added_in_every_state) {
  TestTable test(10);
  const uint32_t slot = test.add(5);
  EXPECT_EQ(test.table.state(slot), SlotState::kCreating);
  EXPECT_EQ(test.table.find(numbered_id(5)), slot);
  test.table.seal(slot);
  EXPECT_EQ(test.table.find(numbered_id(5)), slot);
  test.table.begin_eviction(slot);
  EXPECT_EQ(test.table.find(numbered_id(5)), slot);
  test.table.cancel_eviction(slot);
  EXPECT_EQ(test.table.state(slot), SlotState::kSealed);
  EXPECT_EQ(test.table.find(numbered_id(6)), std::nullopt);
  const Placement placement = test.table.placement(slot);
  EXPECT_EQ(placement.id, numbered_id(5));
  EXPECT_EQ(placement.offset, 5u * 64);
  EXPECT_EQ(placement.data_bytes, 5u);
}

TEST(ObjectTable, forgets_what_was_unlinked_but_keeps_its_slot) {
  TestTable test(10);
  const uint32_t slot = test.add(5);
  test.table.seal(slot);
  test.table.unlink(slot);
  EXPECT_EQ(test.table.find(numbered_id(5)), std::nullopt);
  EXPECT_EQ(test.table.state(slot), SlotState::kSealed);
  EXPECT_NE(test.add(5), slot);
  test.table.check_invariants();
}

TEST(ObjectTable, takes_the_all_zero_id) {
  TestTable test(10);
  EXPECT_EQ(test.table.find(ObjectId{}), std::nullopt);
  const uint32_t slot = test.add(0);
  EXPECT_EQ(test.table.find(ObjectId{}), slot);
  test.table.seal(slot);
  EXPECT_TRUE(TableView::over(test.table.segment())->find_sealed(ObjectId{}).has_value());
}

TEST(ObjectTable, moves_the_generation_on_with_each_release) {
  TestTable test(1);
  const ObjectRef first = test.table.add({numbered_id(1), 0, 0, 0});
  EXPECT_EQ(first.generation, 1u);  // not 0, so that zeros name no object
  test.table.unlink(first.slot);
  test.table.release(first.slot);
  EXPECT_EQ(test.table.state(first.slot), SlotState::kFree);
  EXPECT_GT(test.table.generation(first.slot), first.generation);

  const ObjectRef second = test.table.add({numbered_id(1), 0, 0, 0});
  EXPECT_EQ(second.slot, first.slot);
  EXPECT_GT(second.generation, first.generation);
  test.table.seal(second.slot);
  test.evict(second.slot);
  EXPECT_GT(test.table.generation(second.slot), second.generation);
}

TEST(ObjectTable, uses_each_slot_once_and_the_last_freed_first) {
  TestTable test(4);
  std::vector<uint32_t> slots;
  for (uint64_t i = 0; i < 4; i++) slots.push_back(test.add(i));
  EXPECT_EQ(test.table.free_slots(), 0u);
  EXPECT_EQ(test.table.first_unused(), 4u);
  for (const uint32_t slot : {slots[2], slots[0]}) {
    test.table.unlink(slot);
    test.table.release(slot);
  }
  EXPECT_EQ(test.table.free_slots(), 2u);
  EXPECT_EQ(test.table.next_free_slot(), slots[0]);
  EXPECT_EQ(test.add(10), slots[0]);
  EXPECT_EQ(test.add(11), slots[2]);
  test.table.check_invariants();
}

TEST(ObjectTable, refuses_more_than_a_full_chain) {
  // Ids that share a chain, found as an attacker who knows the seed would find them.
  TestTable test(100);
  const uint64_t mask = test.table.header().bucket_count - 1;
  const uint64_t bucket = hash(numbered_id(0), 1) & mask;
  uint32_t added = 0;
  for (uint64_t number = 0; added < ObjectTable::kChainMax; number++) {
    if ((hash(numbered_id(number), 1) & mask) != bucket) continue;
    ASSERT_TRUE(test.table.has_room_for(numbered_id(number)));
    test.add(number);
    added++;
  }
  EXPECT_FALSE(test.table.has_room_for(numbered_id(0)));
  test.table.check_invariants();
}

TEST(ObjectTable, refuses_slot_counts_out_of_range) {
  EXPECT_EQ(ObjectTable::create({.slot_count = 0}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(ObjectTable::create({.slot_count = ObjectTable::kSlotCountMax + 1}).error().code,
            ErrorCode::kInvalid);
}

TEST(ObjectTable, lets_nobody_else_write_its_segment) {
  const auto table = ObjectTable::create({.slot_count = 1000, .incarnation = 3});
  ASSERT_TRUE(table.has_value());
  const uint64_t bytes = table->segment_bytes();
  const int fd = table->file().get();
  EXPECT_EQ(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  EXPECT_EQ(::pwrite(fd, "x", 1, 0), -1);
  EXPECT_EQ(::ftruncate(fd, 0), -1);
  const auto mapping = Mapping::map(fd, bytes, Mapping::Access::kReadOnly, 4096);
  ASSERT_TRUE(mapping.has_value());
  const auto view = TableView::over(mapping->bytes());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->header().incarnation, 3u);
}

TEST(ObjectTable, works_whether_or_not_there_are_huge_pages) {
  // Where the machine has some, they are taken; either way the table works.
  auto table = ObjectTable::create({.slot_count = 100, .page_size = PageSize::kHuge2M});
  ASSERT_TRUE(table.has_value());
  const uint32_t slot = table->add({numbered_id(1), 0, 0, 0}).slot;
  EXPECT_EQ(table->find(numbered_id(1)), slot);
}

TEST(ObjectTable, draws_another_hash_seed_for_each_segment) {
  const auto first = ObjectTable::create({.slot_count = 1});
  const auto second = ObjectTable::create({.slot_count = 1});
  EXPECT_NE(first->header().hash_seed, second->header().hash_seed);
}

TEST(ObjectTableDeathTest, refuses_transitions_that_the_diagram_does_not_show) {
  TestTable test(4);
  const uint32_t slot = test.add(1);
  EXPECT_DEATH(test.table.begin_eviction(slot), "CHECK failed");
  EXPECT_DEATH(test.table.cancel_eviction(slot), "CHECK failed");
  test.table.seal(slot);
  EXPECT_DEATH(test.table.seal(slot), "CHECK failed");
  EXPECT_DEATH(test.table.release(slot), "CHECK failed");
  test.table.unlink(slot);
  EXPECT_DEATH(test.table.unlink(slot), "CHECK failed");
}

TEST(ObjectTable, agrees_with_a_model_in_random_operations) {
  std::mt19937_64 random(test_seed());
  TestTable test(64, random());
  std::vector<uint32_t> slot_of(200, UINT32_MAX);  // by number; UINT32_MAX: absent
  std::vector<uint64_t> generations(64);
  for (int step = 0; step < 50'000; step++) {
    const uint64_t number = random() % slot_of.size();
    uint32_t& slot = slot_of[number];
    if (slot == UINT32_MAX && test.table.free_slots() > 0) {
      slot = test.add(number);
      ASSERT_GT(test.table.generation(slot), generations[slot]);
      generations[slot] = test.table.generation(slot);
    } else if (slot != UINT32_MAX && test.table.state(slot) == SlotState::kCreating &&
               random() % 2) {
      test.table.seal(slot);
    } else if (slot != UINT32_MAX) {
      if (test.table.state(slot) == SlotState::kSealed) test.table.begin_eviction(slot);
      test.table.unlink(slot);
      test.table.release(slot);
      slot = UINT32_MAX;
    }
    const std::optional<uint32_t> expected =
        slot == UINT32_MAX ? std::nullopt : std::optional<uint32_t>(slot);
    ASSERT_EQ(test.table.find(numbered_id(number)), expected);
    if (step % 64 == 0) test.table.check_invariants();
  }
}

// What a generation of an object must look like follows from its number, so a reader that mixes two
// generations sees it.
TEST(ObjectTable, shows_readers_in_other_threads_whole_objects_or_none) {
  constexpr uint64_t kNumbers = 64;
  TestTable test(16);
  std::atomic<bool> is_over = false;
  std::atomic<uint64_t> wrong = 0;
  std::atomic<uint64_t> seen = 0;
  const auto read = [&](uint64_t seed) {
    const TableView view = TableView::over(test.table.segment()).value();
    std::mt19937_64 random(seed);
    while (!is_over.load()) {
      const uint64_t number = random() % kNumbers;
      const auto sighting = view.find_sealed(numbered_id(number));
      if (!sighting) continue;
      seen++;
      const uint64_t round = sighting->data_bytes / kNumbers;
      const bool is_whole = sighting->data_bytes % kNumbers == number &&
                            sighting->offset == sighting->data_bytes * 64 &&
                            sighting->metadata_bytes == static_cast<uint32_t>(round);
      if (!is_whole) wrong++;
    }
  };
  const uint64_t seed = test_seed();
  std::jthread first(read, seed);
  std::jthread second(read, seed + 1);

  std::mt19937_64 random(seed + 2);
  std::vector<uint32_t> slots;
  // Until readers have had their share, however slow the build is; with a bound, so that it ends.
  for (uint64_t round = 0; round < 2'000'000 && (round < 500'000 || seen.load() < 10'000);
       round++) {
    if (slots.size() == 16) {
      std::swap(slots[random() % slots.size()], slots.back());
      test.evict(slots.back());
      slots.pop_back();
    }
    const uint64_t number = random() % kNumbers;
    if (test.table.find(numbered_id(number))) continue;
    const uint64_t data_bytes = round * kNumbers + number;
    const NewObject object{numbered_id(number), data_bytes * 64, data_bytes,
                           static_cast<uint32_t>(round)};
    slots.push_back(test.table.add(object).slot);
    test.table.seal(slots.back());
  }
  is_over = true;
  first.join();
  second.join();
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_GT(seen.load(), 0u);
}

}  // namespace
}  // namespace obj
