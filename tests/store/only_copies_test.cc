// SPDX-License-Identifier: Apache-2.0
// Goal: where there is storage, a primary leaves memory only when it is safe elsewhere or removed;
// what must be made safe for a create is chosen so that the create then fits; and the ledger counts
// what is on its way and what is safe. Method: scripted stores, then random ones against a model.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "store/admission.hh"
#include "tests/seed.hh"
#include "tests/store/test_store.hh"

namespace obj {
namespace {

constexpr uint64_t kKiB = 1024;

class FakeTaken : public TakenIds {
 public:
  bool is_taken(const ObjectId& id) const override { return id == taken; }
  ObjectId taken = numbered_id(UINT64_MAX);
};

struct KeepingStore : TestStore {
  KeepingStore(uint32_t slot_count, uint64_t arena_bytes) : TestStore(slot_count, arena_bytes) {
    store.keep_only_copies(taken);
  }
  std::vector<Placement> choose(uint64_t size_bytes, uint64_t bytes_max = UINT64_MAX,
                                size_t count_max = SIZE_MAX) {
    std::vector<Placement> chosen;
    store.choose_unsafe(size_bytes, bytes_max, count_max, chosen);
    return chosen;
  }
  ErrorCode code_of_create(uint64_t number, uint64_t data_bytes) {
    const auto created = create(number, data_bytes);
    return created ? ErrorCode::kSystem : created.error().code;
  }
  FakeTaken taken;
};

TEST(OnlyCopies, stay_though_a_create_lacks_memory) {
  KeepingStore test(64, 8 * kKiB);
  for (uint64_t number = 0; number < 8; number++) test.put(number, kKiB);
  EXPECT_EQ(test.code_of_create(100, kKiB), ErrorCode::kOutOfMemory);
  for (uint64_t number = 0; number < 8; number++) EXPECT_TRUE(test.has(number));
  EXPECT_TRUE(test.is_consistent());
}

TEST(OnlyCopies, go_once_they_are_safe_and_not_while_they_are_on_their_way) {
  KeepingStore test(64, 2 * kKiB);
  const ObjectRef first = test.put(1, kKiB);
  test.put(2, kKiB);
  ASSERT_TRUE(test.store.set_safety(first, Safety::kBeingSpilled));
  EXPECT_EQ(test.store.ledger().being_spilled, (Holding{1, kKiB}));
  EXPECT_EQ(test.code_of_create(3, kKiB), ErrorCode::kOutOfMemory);
  ASSERT_TRUE(test.store.set_safety(first, Safety::kSpilled));
  EXPECT_EQ(test.store.ledger().being_spilled, Holding{});
  EXPECT_EQ(test.store.ledger().spilled, (Holding{1, kKiB}));
  ASSERT_TRUE(test.create(3, kKiB).has_value());
  EXPECT_FALSE(test.has(1));
  EXPECT_TRUE(test.has(2));
  EXPECT_FALSE(test.store.set_safety(first, Safety::kOnlyCopy));
  EXPECT_TRUE(test.is_consistent());
}

TEST(OnlyCopies, secondary_copies_go_as_ever) {
  KeepingStore test(64, 2 * kKiB);
  test.put(1, kKiB);
  test.put(2, kKiB, CopyRole::kSecondary);
  ASSERT_TRUE(test.create(3, kKiB).has_value());
  EXPECT_TRUE(test.has(1));
  EXPECT_FALSE(test.has(2));
}

TEST(OnlyCopies, the_coldest_that_nobody_reads_are_chosen) {
  KeepingStore test(64, 8 * kKiB);
  std::vector<ObjectRef> refs;
  for (uint64_t number = 0; number < 4; number++) refs.push_back(test.put(number, kKiB));
  test.readers.pin(1, refs[0]);
  test.store.find_sealed(numbered_id(1));  // a use
  const auto chosen = test.choose(0, 2 * kKiB);
  ASSERT_EQ(chosen.size(), 2u);
  EXPECT_EQ(chosen[0].id, numbered_id(2));
  EXPECT_EQ(chosen[1].id, numbered_id(3));
  EXPECT_EQ(test.choose(0, 100).size(), 1u);  // at least one
  EXPECT_EQ(test.choose(0, UINT64_MAX, 1).size(), 1u);
  test.readers.release_all(1);
  EXPECT_EQ(test.choose(0).size(), 4u);
}

TEST(OnlyCopies, what_is_being_spilled_is_not_chosen_again) {
  KeepingStore test(64, 8 * kKiB);
  const ObjectRef ref = test.put(1, kKiB);
  test.put(2, kKiB);
  test.store.set_safety(ref, Safety::kBeingSpilled);
  ASSERT_EQ(test.choose(0).size(), 1u);
  EXPECT_EQ(test.choose(0)[0].id, numbered_id(2));
  test.store.set_safety(ref, Safety::kOnlyCopy);  // it failed
  EXPECT_EQ(test.choose(0).size(), 2u);
}

TEST(OnlyCopies, ids_in_storage_are_taken_but_for_those_who_bring_them_back) {
  KeepingStore test(64, 8 * kKiB);
  test.taken.taken = numbered_id(7);
  EXPECT_EQ(test.code_of_create(7, kKiB), ErrorCode::kExists);
  const auto restored = test.store.create(
      {numbered_id(7), kKiB, 0, kSpillSession, CopyRole::kPrimary, 5, Safety::kSpilled});
  ASSERT_TRUE(restored.has_value());
  ASSERT_TRUE(test.store.seal(restored->ref, kSpillSession).has_value());
  EXPECT_EQ(test.store.ledger().spilled, (Holding{1, kKiB}));
  EXPECT_TRUE(test.choose(0).empty());
}

TEST(OnlyCopies, restores_pass_creates_that_wait) {
  KeepingStore test(64, 4 * kKiB);
  Admission admission(test.store);
  const ObjectRef large = test.put(1, 3 * kKiB);
  EXPECT_FALSE(admission.submit({numbered_id(2), 4 * kKiB, 0, 1}, {1, 1}, 0, 1000));
  const auto outcome = admission.submit(
      {numbered_id(3), kKiB, 0, kSpillSession, CopyRole::kPrimary, 5, Safety::kSpilled},
      {kSpillSession, 1}, 0, 1000);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->result.has_value());
  EXPECT_EQ(admission.front()->id, numbered_id(2));
  test.store.seal(outcome->result->ref, kSpillSession).value();
  test.store.set_safety(large, Safety::kSpilled);
  std::vector<CreateOutcome> outcomes;
  admission.retry(1, outcomes);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(outcomes[0].result.has_value());
  EXPECT_EQ(admission.front(), nullptr);
}

// Whatever lies where: once what was chosen for a size is safe, an object of that size fits, and no
// only copy has gone.
TEST(OnlyCopies, what_is_chosen_for_a_create_makes_room_for_it) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 200; round++) {
    KeepingStore test(512, 64 * kKiB);
    std::map<uint64_t, ObjectRef> unsafe;
    uint64_t number = 0;
    const auto fill = [&] {
      while (true) {
        const auto created = test.create(++number, 64 + random() % (4 * kKiB));
        if (!created) return;
        test.store.seal(created->ref, 1).value();
        unsafe.emplace(number, created->ref);
      }
    };
    fill();
    for (int i = 0; i < 10; i++) {
      const auto gone = std::next(unsafe.begin(), static_cast<long>(random() % unsafe.size()));
      test.store.remove(numbered_id(gone->first));
      unsafe.erase(gone);
    }
    const uint64_t wanted_bytes = 1 + random() % (40 * kKiB);
    const bool fits = test.create(1'000'000, wanted_bytes).has_value();
    if (fits) continue;
    for (const Placement& chosen : test.choose(wanted_bytes)) {
      test.store.set_safety(chosen.ref, Safety::kSpilled);
      std::erase_if(unsafe, [&](const auto& each) { return each.second == chosen.ref; });
    }
    EXPECT_TRUE(test.create(1'000'000, wanted_bytes).has_value());
    for (const auto& [each, ref] : unsafe) EXPECT_TRUE(test.has(each));
    ASSERT_TRUE(test.is_consistent());
  }
}

}  // namespace
}  // namespace obj
