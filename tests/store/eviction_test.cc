// SPDX-License-Identifier: Apache-2.0
// Goal: a create evicts what is cold and free to go, never what is held, and no more than it must;
// and one that cannot succeed ends soon and disturbs nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "store/shared/pin_cell.hh"
#include "tests/seed.hh"
#include "tests/store/test_store.hh"

namespace obj {
namespace {

constexpr uint64_t kKiB = 1024;

// A store full of `count` objects of 1 KiB, numbered from 0 in the order of their addresses and
// uses.
struct FullStore : TestStore {
  explicit FullStore(uint32_t count, uint32_t slot_count = 0)
      : TestStore(slot_count != 0 ? slot_count : 2 * count, count * kKiB) {
    for (uint64_t number = 0; number < count; number++) refs.push_back(put(number, kKiB));
  }
  std::vector<uint64_t> missing() {
    std::vector<uint64_t> numbers;
    for (uint64_t number = 0; number < refs.size(); number++) {
      if (!has(number)) numbers.push_back(number);
    }
    return numbers;
  }
  // Uses every object once, in random order.
  void shuffle_uses(uint64_t seed) {
    std::vector<uint64_t> numbers(refs.size());
    for (uint64_t i = 0; i < numbers.size(); i++) numbers[i] = i;
    std::ranges::shuffle(numbers, std::mt19937_64(seed));
    for (const uint64_t number : numbers) store.find_sealed(numbered_id(number));
  }

  std::vector<ObjectRef> refs;  // by number
};

using Numbers = std::vector<uint64_t>;

TEST(Eviction, takes_the_coldest_first) {
  FullStore test(8);
  test.put(100, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{0}));
  test.put(101, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{0, 1}));
  EXPECT_EQ(test.store.counters().evicted, (Holding{2, 2 * kKiB}));
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, spares_what_was_found_lately) {
  FullStore test(8);
  test.store.find_sealed(numbered_id(0));
  test.put(100, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{1}));
}

TEST(Eviction, spares_what_clients_touched_lately) {
  FullStore test(8);
  for (const size_t number : {0u, 2u, 1u}) test.readers.touches.push_back(test.refs[number].slot);
  for (uint64_t i = 0; i < 6; i++) test.put(100 + i, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{0, 3, 4, 5, 6, 7}));
}

TEST(Eviction, ignores_touches_of_what_is_not_there) {
  FullStore test(8);
  const ObjectRef removed = test.refs[7];
  test.store.remove(numbered_id(7));
  const ObjectRef unsealed = test.create(50, 512).value().ref;
  test.store.pin(numbered_id(3), "job").value();
  test.readers.touches = {UINT32_MAX, 16, 15, removed.slot, unsealed.slot, test.refs[3].slot};
  test.put(100, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{0, 7}));
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, makes_the_generation_move_on) {
  FullStore test(8);
  const ObjectRef evicted = test.refs[0];
  test.put(100, kKiB);
  EXPECT_GT(test.table.generation(evicted.slot), evicted.generation);
}

TEST(Eviction, spares_what_a_reader_holds) {
  FullStore test(8);
  test.readers.pin(1, test.refs[0]);
  test.readers.pin(2, test.refs[2]);
  test.put(100, kKiB);
  test.put(101, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{1, 3}));
  for (const size_t number : {0u, 2u}) {
    EXPECT_EQ(test.table.state(test.refs[number].slot), SlotState::kSealed);
    EXPECT_EQ(test.table.generation(test.refs[number].slot), test.refs[number].generation);
  }
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, finds_the_one_object_that_nobody_holds) {
  FullStore test(100);
  for (const ObjectRef ref : test.refs) test.readers.pin(1, ref);
  test.readers.release(1, test.refs[99]);
  ASSERT_TRUE(test.create(100, kKiB).has_value());
  EXPECT_EQ(test.missing(), (Numbers{99}));
  EXPECT_LE(test.readers.scans, 4);
}

// Creates with at most `evictions_max` evictions a call, and counts the calls.
int create_in_parts(FullStore& test, uint64_t number, uint64_t size_bytes, uint32_t evictions_max,
                    const std::function<void(int)>& between = {}) {
  for (int calls = 1;; calls++) {
    const uint64_t evicted = test.store.counters().evicted.objects;
    const auto created = test.store.create({numbered_id(number), size_bytes, 0, 1}, evictions_max);
    EXPECT_LE(test.store.counters().evicted.objects - evicted, evictions_max);
    EXPECT_TRUE(test.is_consistent());
    EXPECT_FALSE(created && test.store.is_clearing());
    if (created || !test.store.is_clearing()) return created ? calls : -calls;
    if (between) between(calls);
  }
}

TEST(Eviction, clears_a_long_stretch_in_parts) {
  for (const bool is_shuffled : {false, true}) {
    FullStore test(2000);
    if (is_shuffled) test.shuffle_uses(1);
    const int calls = create_in_parts(test, 5000, 1000 * kKiB, 64);
    EXPECT_EQ(calls, (1000 + 63) / 64);
    EXPECT_EQ(test.store.counters().evicted.objects, 1000u);  // nothing in vain
  }
}

TEST(Eviction, goes_on_with_a_stretch_of_which_some_left_by_themselves) {
  FullStore test(2000);
  const int calls = create_in_parts(test, 5000, 1000 * kKiB, 64, [&](int part) {
    test.store.remove(numbered_id(static_cast<uint64_t>(999 - part)));
    test.store.remove(numbered_id(static_cast<uint64_t>(1999 - part)));
  });
  EXPECT_GT(calls, 10);
  EXPECT_LT(test.store.counters().evicted.objects, 1000u);
  EXPECT_EQ(test.store.counters().evicted.objects + 2 * static_cast<uint64_t>(calls - 1) +
                test.store.ledger().sealed.objects,
            2000u);
}

TEST(Eviction, takes_another_stretch_when_a_part_of_the_first_must_stay) {
  for (const bool by_owner : {false, true}) {
    FullStore test(2000);
    ObjectRef kept{};
    const int calls = create_in_parts(test, 5000, 900 * kKiB, 64, [&](int part) {
      if (part != 3) return;
      kept = test.refs[500];
      if (by_owner) {
        ASSERT_TRUE(test.store.pin(numbered_id(500), "job").has_value());
      } else {
        test.readers.pin(1, kept);
      }
    });
    EXPECT_GT(calls, 0);
    EXPECT_TRUE(test.store.look(kept).has_value());
  }
}

TEST(Eviction, fails_in_the_end_if_what_it_needs_is_taken_meanwhile) {
  FullStore test(1000);
  const int calls = create_in_parts(test, 5000, 1000 * kKiB, 64, [&](int part) {
    if (part == 3) test.readers.pin(1, test.refs[999]);
  });
  EXPECT_LT(calls, 0);
  EXPECT_TRUE(test.has(999));
  // A smaller one has nothing to do with that plan.
  EXPECT_EQ(create_in_parts(test, 5001, 10 * kKiB, 64), 1);
}

TEST(Eviction, spares_what_a_reader_took_at_the_last_moment) {
  FullStore test(8);
  test.readers.on_scan = [&] {
    EXPECT_EQ(test.table.state(test.refs[0].slot), SlotState::kEvicting);
    test.readers.pin(1, test.refs[0]);
    test.readers.on_scan = nullptr;
  };
  test.put(100, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{1}));
  EXPECT_EQ(test.table.state(test.refs[0].slot), SlotState::kSealed);
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, no_longer_spares_what_was_released) {
  FullStore test(4);
  for (const ObjectRef& ref : test.refs) test.readers.pin(1, ref);
  EXPECT_EQ(test.create(100, kKiB).error().code, ErrorCode::kOutOfMemory);
  test.readers.release(1, test.refs[2]);
  EXPECT_TRUE(test.create(100, kKiB).has_value());
  EXPECT_EQ(test.missing(), (Numbers{2}));
}

TEST(Eviction, fails_without_disturbing_anybody_when_all_is_pinned) {
  FullStore test(64);
  for (const ObjectRef& ref : test.refs) test.readers.pin(1, ref);
  EXPECT_EQ(test.create(100, kKiB).error().code, ErrorCode::kOutOfMemory);
  // From the second time on: one scan, and no object is out of readers' reach for it.
  for (int i = 0; i < 3; i++) {
    test.readers.scans = 0;
    test.readers.on_scan = [&] {
      for (const ObjectRef& ref : test.refs)
        EXPECT_EQ(test.table.state(ref.slot), SlotState::kSealed);
    };
    EXPECT_EQ(test.create(100, kKiB).error().code, ErrorCode::kOutOfMemory);
    EXPECT_EQ(test.readers.scans, 1);
  }
  EXPECT_TRUE(test.missing().empty());
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, ends_when_readers_hold_all_that_it_chooses) {
  FullStore test(512);
  // As soon as victims are chosen they are pinned, and released again after the scan.
  test.readers.on_scan = [&] {
    test.readers.pins.clear();
    for (const ObjectRef& ref : test.refs) {
      if (test.table.state(ref.slot) == SlotState::kEvicting) test.readers.pin(1, ref);
    }
  };
  EXPECT_EQ(test.create(1000, kKiB).error().code, ErrorCode::kOutOfMemory);
  EXPECT_LT(test.readers.scans, 100);
  EXPECT_TRUE(test.missing().empty());
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, asks_nobody_when_owners_keep_all) {
  FullStore test(8);
  for (uint64_t number = 0; number < 8; number++)
    test.store.pin(numbered_id(number), "job").value();
  EXPECT_EQ(test.create(100, kKiB).error().code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(test.readers.scans, 0);
  ASSERT_TRUE(test.store.unpin(numbered_id(5), "job").has_value());
  EXPECT_TRUE(test.create(100, kKiB).has_value());
  EXPECT_EQ(test.missing(), (Numbers{5}));
}

TEST(Eviction, treats_what_an_owner_let_go_as_warm) {
  FullStore test(8);
  test.store.pin(numbered_id(0), "job").value();
  test.store.unpin(numbered_id(0), "job").value();
  test.put(100, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{1}));
}

TEST(Eviction, never_takes_unsealed_objects) {
  TestStore test(10, 4 * kKiB);
  for (uint64_t number = 0; number < 4; number++)
    ASSERT_TRUE(test.create(number, kKiB).has_value());
  EXPECT_EQ(test.create(100, kKiB).error().code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(test.readers.scans, 0);
}

TEST(Eviction, makes_room_for_an_object_as_large_as_the_arena) {
  FullStore test(1000);
  EXPECT_TRUE(test.create(5000, 1000 * kKiB).has_value());
  EXPECT_EQ(test.missing().size(), 1000u);
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, grows_towards_the_colder_neighbour) {
  for (const uint64_t next_coldest : {3u, 5u}) {
    FullStore test(8);
    test.store.find_sealed(numbered_id(4));
    test.store.find_sealed(numbered_id(next_coldest));
    for (uint64_t number = 0; number < 8; number++) {
      if (number != 4 && number != next_coldest) test.store.find_sealed(numbered_id(number));
    }
    test.put(100, 2 * kKiB);
    EXPECT_EQ(test.missing(),
              (Numbers{std::min<uint64_t>(4, next_coldest), std::max<uint64_t>(4, next_coldest)}));
  }
}

TEST(Eviction, spares_what_lies_beside_an_aligned_place) {
  FullStore test(16);
  test.put(100, 4 * kKiB);  // grows from object 0, which begins a page
  EXPECT_EQ(test.missing(), (Numbers{0, 1, 2, 3}));
  for (uint64_t number = 4; number < 16; number++) test.store.find_sealed(numbered_id(number));
  for (const uint64_t number : {100u, 4u}) test.store.find_sealed(numbered_id(number));
  // Now 5 is the coldest, in the middle of a page.
  test.put(101, 4 * kKiB);
  EXPECT_EQ(test.missing(), (Numbers{0, 1, 2, 3, 8, 9, 10, 11}));
}

TEST(Eviction, takes_neighbours_when_uses_follow_addresses) {
  FullStore test(256);
  test.put(1000, 64 * kKiB);
  const Numbers missing = test.missing();
  ASSERT_EQ(missing.size(), 64u);
  EXPECT_EQ(missing.front(), 0u);
  EXPECT_EQ(missing.back(), 63u);
}

TEST(Eviction, gives_up_little_more_than_it_needs_when_uses_are_random) {
  FullStore test(4096);
  test.shuffle_uses(test_seed());
  test.put(10'000, 64 * kKiB);
  EXPECT_LE(test.missing().size(), 68u);  // 64, and what the alignment to 4 KiB costs at most
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, finds_the_one_stretch_that_can_be_cleared) {
  // Every eighth object is held, but for one place where there is room for 12.
  FullStore test(4096);
  test.shuffle_uses(1);
  for (uint64_t number = 0; number < 4096; number += 8) {
    if (number == 2048) continue;
    test.readers.pin(1, test.refs[number]);
  }
  EXPECT_EQ(test.create(10'000, 16 * kKiB).error().code, ErrorCode::kOutOfMemory);
  EXPECT_TRUE(test.missing().empty());  // nothing was evicted in vain
  ASSERT_TRUE(test.create(10'001, 12 * kKiB).has_value());
  for (const uint64_t number : test.missing()) {
    EXPECT_GT(number, 2040u);
    EXPECT_LT(number, 2056u);
  }
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, evicts_nothing_for_what_cannot_fit_beside_an_owners_object) {
  FullStore test(1024);
  test.store.pin(numbered_id(512), "job").value();
  EXPECT_EQ(test.create(10'000, 700 * kKiB).error().code, ErrorCode::kOutOfMemory);
  EXPECT_TRUE(test.missing().empty());
  EXPECT_TRUE(test.create(10'001, 500 * kKiB).has_value());
}

TEST(Eviction, makes_room_between_withdrawn_and_unsealed_objects) {
  FullStore test(64);
  test.readers.pin(1, test.refs[20]);
  test.store.remove(numbered_id(20));
  test.store.remove(numbered_id(40));
  const Placement unsealed = test.create(100, kKiB).value();
  EXPECT_EQ(unsealed.offset, 40 * kKiB);
  EXPECT_EQ(test.create(101, 24 * kKiB).error().code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(test.missing(), (Numbers{20, 40}));
  EXPECT_TRUE(test.create(102, 20 * kKiB).has_value());
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, makes_room_in_the_table_when_its_slots_are_used_up) {
  TestStore test(4, 1 << 20);
  for (uint64_t number = 0; number < 4; number++) test.put(number, 64);
  EXPECT_EQ(test.table.free_slots(), 0u);
  test.put(100, 4096);  // there is memory for it, so one object is enough
  EXPECT_FALSE(test.has(0));
  for (const uint64_t number : {1u, 2u, 3u}) EXPECT_TRUE(test.has(number));
  // And when both are used up.
  test.put(101, 1 << 20);
  EXPECT_TRUE(test.has(101));
  EXPECT_FALSE(test.has(100));
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, fails_when_all_slots_are_held) {
  TestStore test(4, 1 << 20);
  for (uint64_t number = 0; number < 4; number++) test.readers.pin(1, test.put(number, 64));
  EXPECT_EQ(test.create(100, 64).error().code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(test.create(100, 64).error().code, ErrorCode::kOutOfMemory);
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, ignores_cells_that_do_not_name_what_is_there) {
  FullStore test(8);
  const ObjectRef coldest = test.refs[0];
  for (const uint64_t word :
       {uint64_t{1} << 32, ~uint64_t{0}, make_pin(UINT32_MAX - 1, 1), make_pin(16, 1),
        make_pin(15, 0), make_pin(15, 1), make_pin(coldest.slot, coldest.generation + 1)}) {
    test.readers.pins.push_back({word, 1});
  }
  test.put(100, kKiB);
  test.put(101, 4 * kKiB);  // several victims, so pins are learnt first
  EXPECT_FALSE(test.has(0));
  EXPECT_EQ(test.missing().size(), 5u);
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, works_ahead_with_stretches_that_meet) {
  FullStore test(65536);
  test.shuffle_uses(test_seed());
  for (uint64_t i = 0; i < 1000; i++) test.put(100'000 + i, 3 * kKiB);
  EXPECT_LE(test.missing().size(), 3000u + 256 + 2);
  EXPECT_TRUE(test.is_consistent());
}

TEST(Eviction, works_ahead_a_little_in_a_large_store) {
  FullStore test(65536);
  for (uint64_t i = 0; i < 2560; i++) test.put(100'000 + i, kKiB);
  EXPECT_LE(test.readers.scans, 11);  // not one for each create
  EXPECT_LE(test.missing().size(), 2560u + 256);
}

}  // namespace
}  // namespace obj
