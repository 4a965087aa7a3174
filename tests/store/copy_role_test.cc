// SPDX-License-Identifier: Apache-2.0
// Goal: no primary copy goes while giving up a secondary one would do, whatever was used when; and
// the ledger counts secondary copies apart. Method: scripted stores, then random ones whose objects
// all have one size, so that any secondary would do, checked after each create.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/seed.hh"
#include "tests/store/test_store.hh"

namespace obj {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr auto kPrimary = CopyRole::kPrimary;
constexpr auto kSecondary = CopyRole::kSecondary;

// Full of objects of 1 KiB, one for each role, numbered in the order of their addresses and uses.
struct MixedStore : TestStore {
  explicit MixedStore(const std::vector<CopyRole>& roles)
      : TestStore(static_cast<uint32_t>(2 * roles.size()), roles.size() * kKiB) {
    for (uint64_t number = 0; number < roles.size(); number++) {
      refs.push_back(put(number, kKiB, roles[number]));
    }
  }
  std::vector<uint64_t> missing() {
    std::vector<uint64_t> numbers;
    for (uint64_t number = 0; number < refs.size(); number++) {
      if (!has(number)) numbers.push_back(number);
    }
    return numbers;
  }

  std::vector<ObjectRef> refs;  // by number
};

using Numbers = std::vector<uint64_t>;

TEST(CopyRole, is_told_and_counted) {
  TestStore test(8, 64 * kKiB);
  test.put(1, kKiB);
  const ObjectRef pulled = test.create(2, kKiB, 1, kSecondary).value().ref;
  EXPECT_EQ(test.store.ledger().secondary, Holding{});  // not sealed yet
  EXPECT_EQ(test.store.seal(pulled, 1)->role, kSecondary);
  EXPECT_EQ(test.store.ledger().secondary, (Holding{1, kKiB}));
  EXPECT_EQ(test.store.ledger().sealed, (Holding{2, 2 * kKiB}));
  EXPECT_EQ(test.store.describe(numbered_id(1))->placement.role, kPrimary);
  EXPECT_EQ(test.store.describe(numbered_id(2))->placement.role, kSecondary);
  ASSERT_TRUE(test.store.pin(numbered_id(2), "job").has_value());
  EXPECT_EQ(test.store.ledger().secondary, test.store.ledger().owner_pinned);
  EXPECT_TRUE(test.is_consistent());
  test.store.remove(numbered_id(2));
  EXPECT_EQ(test.store.ledger().secondary, Holding{});
  EXPECT_TRUE(test.is_consistent());
}

TEST(CopyRole, the_origin_of_a_copy_is_kept) {
  TestStore test(8, 64 * kKiB);
  const auto pulled = test.store.create({.id = numbered_id(1),
                                         .data_bytes = 100,
                                         .metadata_bytes = 0,
                                         .creator = 1,
                                         .role = kSecondary,
                                         .origin = 0xfedcba98});
  EXPECT_EQ(pulled->origin, 0xfedcba98);
  EXPECT_EQ(test.store.seal(pulled->ref, 1)->origin, 0xfedcba98);
  EXPECT_EQ(test.store.find_sealed(numbered_id(1))->origin, 0xfedcba98);
  // The next object of the slot has nothing of it.
  test.store.remove(numbered_id(1));
  EXPECT_EQ(test.put(2, 100).slot, pulled->ref.slot);
  EXPECT_EQ(test.store.find_sealed(numbered_id(2))->origin, 0u);
}

TEST(CopyRole, secondaries_go_first_however_warm) {
  MixedStore test({kPrimary, kSecondary, kPrimary, kSecondary});
  test.store.find_sealed(numbered_id(1));
  test.put(100, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{3}));
  test.put(101, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{1, 3}));
  test.put(102, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{0, 1, 3}));
}

TEST(CopyRole, a_slot_alone_is_freed_by_a_secondary_too) {
  TestStore test(4, 64 * kKiB);
  for (uint64_t number = 0; number < 3; number++) test.put(number, kKiB);
  test.put(3, kKiB, kSecondary);
  test.put(4, kKiB);
  EXPECT_FALSE(test.has(3));
  EXPECT_EQ(test.store.counters().evicted.objects, 1u);
}

TEST(CopyRole, a_secondary_that_is_held_costs_a_primary) {
  MixedStore test({kPrimary, kSecondary, kPrimary, kSecondary});
  test.readers.pin(1, test.refs[1]);
  ASSERT_TRUE(test.store.pin(numbered_id(3), "job").has_value());
  test.put(100, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{0}));
  EXPECT_TRUE(test.is_consistent());
}

TEST(CopyRole, a_secondary_between_primaries_does_not_cost_its_neighbours) {
  // The coldest secondary is hemmed in by primaries; two warmer ones lie side by side.
  MixedStore test({kPrimary, kSecondary, kPrimary, kPrimary, kSecondary, kSecondary, kPrimary});
  test.put(100, 2 * kKiB);
  EXPECT_EQ(test.missing(), (Numbers{4, 5}));
}

TEST(CopyRole, cold_primaries_go_where_no_stretch_of_secondaries_is_large_enough) {
  // Of the pairs that would do, the one of the coldest primary; a free secondary beside it helps.
  MixedStore test({kPrimary, kPrimary, kSecondary, kPrimary, kPrimary, kSecondary, kPrimary});
  for (const uint64_t number : {0u, 1u, 6u, 4u}) test.store.find_sealed(numbered_id(number));
  test.put(100, 2 * kKiB);
  EXPECT_EQ(test.missing(), (Numbers{2, 3}));
}

TEST(CopyRole, secondaries_go_first_after_a_create_that_failed) {
  MixedStore test({kPrimary, kPrimary, kSecondary, kPrimary});
  for (const ObjectRef ref : test.refs) test.readers.pin(1, ref);
  EXPECT_FALSE(test.create(100, kKiB).has_value());
  test.readers.release_all(1);
  test.put(100, kKiB);
  EXPECT_EQ(test.missing(), (Numbers{2}));
}

TEST(CopyRole, no_primary_goes_while_any_secondary_is_free_to) {
  constexpr uint32_t kCount = 64;
  std::mt19937_64 random(test_seed());
  TestStore test(2 * kCount, kCount * kKiB);
  struct Known {
    ObjectRef ref;
    uint64_t number;
    CopyRole role;
    bool is_held;
  };
  std::vector<Known> objects;
  for (uint64_t number = 0; number < 5000; number++) {
    const CopyRole role = random() % 2 == 0 ? kPrimary : kSecondary;
    const ObjectRef ref = test.put(number, kKiB, role);
    bool lost_primary = false;
    std::erase_if(objects, [&](const Known& known) {
      const bool is_gone = !test.has(known.number);
      EXPECT_FALSE(is_gone && known.is_held);
      lost_primary |= is_gone && known.role == kPrimary;
      return is_gone;
    });
    for (const Known& known : objects) {
      ASSERT_FALSE(lost_primary && known.role == kSecondary && !known.is_held) << number;
    }
    objects.push_back({ref, number, role, random() % 4 == 0});
    if (objects.back().is_held) test.readers.pin(1, ref);
    Known& other = objects[random() % objects.size()];
    if (other.is_held) test.readers.release(1, other.ref);
    other.is_held = false;
    test.readers.touches.push_back(objects[random() % objects.size()].ref.slot);
    ASSERT_TRUE(test.is_consistent());
  }
}

}  // namespace
}  // namespace obj
