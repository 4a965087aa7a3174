// SPDX-License-Identifier: Apache-2.0
// Goal: whoever must tell other nodes what is here learns of each object when it is sealed, and
// once when it is gone, before its memory is anybody else's; and can look at one or all of them by
// slot.
#include "store/store_listener.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/seed.hh"
#include "tests/store/test_store.hh"

namespace obj {
namespace {

constexpr uint64_t kKiB = 1024;

// Believes what it is told, and looks at the slot of what is gone: it must be what it was.
class Watcher : public StoreListener {
 public:
  explicit Watcher(const ObjectTable& table) : table_(table) {}

  void on_sealed(const Placement& placement) override {
    EXPECT_EQ(table_.state(placement.ref.slot), SlotState::kSealed);
    sealed++;
    const bool is_new = present.emplace(placement.ref.slot, placement).second;
    EXPECT_TRUE(is_new || shown == placement.ref);
    present[placement.ref.slot] = placement;
  }
  void on_gone(const Placement& placement, Departure) override {
    EXPECT_EQ(table_.generation(placement.ref.slot), placement.ref.generation);
    EXPECT_NE(table_.state(placement.ref.slot), SlotState::kFree);
    EXPECT_NE(table_.find(placement.id), placement.ref.slot);
    const auto known = present.find(placement.ref.slot);
    ASSERT_NE(known, present.end());
    EXPECT_EQ(known->second.ref, placement.ref);
    EXPECT_EQ(known->second.id, placement.id);
    EXPECT_EQ(known->second.offset, placement.offset);
    present.erase(known);
    gone++;
  }

  std::map<uint32_t, Placement> present;  // by slot
  ObjectRef shown{};                      // in part, by the test
  int sealed = 0;
  int gone = 0;

 private:
  const ObjectTable& table_;
};

struct WatchedStore : TestStore {
  WatchedStore(uint32_t slot_count, uint64_t arena_bytes)
      : TestStore(slot_count, arena_bytes), watcher(table) {
    store.add_listener(watcher);
  }
  // Creates, and shows a part.
  ObjectRef show(uint64_t number, SessionId session = 1) {
    const Placement created = create(number, kKiB, session).value();
    store.show_ready(created.ref, session, 100).value();
    watcher.shown = created.ref;
    watcher.present.emplace(created.ref.slot, created);
    return created.ref;
  }
  bool is_told(uint64_t number) {
    return std::ranges::any_of(
        watcher.present, [&](const auto& known) { return known.second.id == numbered_id(number); });
  }

  Watcher watcher;
};

TEST(StoreListener, hears_of_seals_and_nothing_before) {
  WatchedStore test(8, 64 * kKiB);
  const ObjectRef ref = test.create(1, 100).value().ref;
  EXPECT_EQ(test.watcher.sealed, 0);
  ASSERT_TRUE(test.store.seal(ref, 1).has_value());
  EXPECT_EQ(test.watcher.sealed, 1);
  EXPECT_EQ(test.watcher.present.at(ref.slot).data_bytes, 100u);
  EXPECT_EQ(test.watcher.gone, 0);
}

TEST(StoreListener, hears_of_removal_and_eviction) {
  WatchedStore test(16, 8 * kKiB);
  for (uint64_t number = 0; number < 8; number++) test.put(number, kKiB);
  test.store.remove(numbered_id(5));
  EXPECT_FALSE(test.is_told(5));
  test.put(8, kKiB);
  EXPECT_EQ(test.watcher.gone, 1);
  test.put(9, kKiB);
  EXPECT_FALSE(test.is_told(0));
  EXPECT_EQ(test.watcher.gone, 2);
}

TEST(StoreListener, hears_once_of_what_is_removed_while_it_is_read) {
  WatchedStore test(8, 64 * kKiB);
  const ObjectRef ref = test.put(1, 100);
  test.readers.pin(1, ref);
  test.store.remove(numbered_id(1));
  EXPECT_EQ(test.watcher.gone, 1);
  EXPECT_TRUE(test.store.has_withdrawn());
  test.readers.release(1, ref);
  EXPECT_EQ(test.store.reap(), 1u);
  EXPECT_EQ(test.watcher.gone, 1);
}

TEST(StoreListener, hears_nothing_of_what_was_never_shown) {
  WatchedStore test(8, 64 * kKiB);
  const ObjectRef aborted = test.create(1, 100).value().ref;
  ASSERT_TRUE(test.store.abort(aborted, 1).has_value());
  ASSERT_TRUE(test.create(2, 100).has_value());
  test.store.remove(numbered_id(2));
  ASSERT_TRUE(test.create(3, 100, 7).has_value());
  EXPECT_EQ(test.store.end_session(7), 1u);
  EXPECT_EQ(test.watcher.gone, 0);
}

TEST(StoreListener, hears_once_of_what_was_shown_in_part) {
  WatchedStore test(8, 64 * kKiB);
  const ObjectRef aborted = test.show(1);
  ASSERT_TRUE(test.store.abort(aborted, 1).has_value());
  EXPECT_EQ(test.watcher.gone, 1);
  const ObjectRef removed = test.show(2);
  test.store.remove(numbered_id(2));
  EXPECT_EQ(test.watcher.gone, 2);
  EXPECT_FALSE(test.store.seal(removed, 1).has_value());
  EXPECT_EQ(test.watcher.gone, 2);
  test.show(3, 7);
  EXPECT_EQ(test.store.end_session(7), 1u);
  EXPECT_EQ(test.watcher.gone, 3);
  ASSERT_TRUE(test.store.seal(test.show(4), 1).has_value());
  EXPECT_EQ(test.watcher.gone, 3);
  EXPECT_EQ(test.watcher.sealed, 1);
}

TEST(StoreListener, can_be_taken_away) {
  WatchedStore test(8, 64 * kKiB);
  test.put(1, 100);
  test.store.remove_listener(test.watcher);
  test.store.remove(numbered_id(1));
  test.put(2, 100);
  EXPECT_EQ(test.watcher.gone, 0);
  EXPECT_EQ(test.watcher.sealed, 1);
}

TEST(StoreLook, tells_of_one_generation_in_the_index) {
  TestStore test(8, 64 * kKiB);
  const ObjectRef ref = test.store.create({numbered_id(1), 1001, 20, 7}).value().ref;
  ASSERT_TRUE(test.store.show_ready(ref, 7, 64).has_value());
  const auto unsealed = test.store.look(ref);
  ASSERT_TRUE(unsealed.has_value());
  EXPECT_FALSE(unsealed->sealed);
  EXPECT_EQ(unsealed->ready_bytes, 64u);
  EXPECT_EQ(unsealed->creator, 7u);
  EXPECT_EQ(unsealed->placement.id, numbered_id(1));
  ASSERT_TRUE(test.store.seal(ref, 7).has_value());
  EXPECT_TRUE(test.store.look(ref)->sealed);
  EXPECT_EQ(test.store.look(ref)->ready_bytes, 1028u);

  for (const ObjectRef other :
       {ObjectRef{ref.slot, ref.generation + 1}, ObjectRef{ref.slot, 0}, ObjectRef{ref.slot + 1, 1},
        ObjectRef{8, 1}, ObjectRef{UINT32_MAX, UINT64_MAX}}) {
    EXPECT_FALSE(test.store.look(other).has_value());
  }
  test.readers.pin(1, ref);
  test.store.remove(numbered_id(1));
  EXPECT_FALSE(test.store.look(ref).has_value());  // without a name, though still read
}

TEST(StoreLook, lists_nothing_of_an_empty_store) {
  TestStore test(8, 64 * kKiB);
  ASSERT_TRUE(test.create(1, 100).has_value());
  std::vector<Placement> page(4);
  uint32_t cursor = 0;
  EXPECT_EQ(test.store.list_sealed(cursor, page), 0u);
}

// Random puts, removals and views beside a walk over all objects, and a listener all the while.
TEST(StoreLook, lists_all_that_stay_while_others_come_and_go) {
  std::mt19937_64 random(test_seed());
  WatchedStore test(256, 200 * kKiB);
  uint64_t next_number = 0;
  while (next_number < 150) test.put(next_number++, kKiB);
  for (int walk = 0; walk < 200; walk++) {
    auto staying = test.watcher.present;
    std::map<uint32_t, int> listed;  // of `staying`, by slot
    uint32_t cursor = 0;
    std::vector<Placement> page(1 + random() % 40);
    while (const size_t found = test.store.list_sealed(cursor, page)) {
      for (const Placement& placement : std::span(page).first(found)) {
        ASSERT_EQ(test.watcher.present.at(placement.ref.slot).ref, placement.ref);
        const auto known = staying.find(placement.ref.slot);
        if (known != staying.end() && known->second.ref == placement.ref) {
          listed[placement.ref.slot]++;
        }
      }
      for (uint64_t change = random() % 5; change > 0; change--) {
        test.put(next_number++, 100 + random() % 2000);
        if (random() % 3 == 0) test.store.remove(numbered_id(random() % next_number));
      }
      std::erase_if(staying, [&](const auto& known) {
        const auto now = test.watcher.present.find(known.first);
        return now == test.watcher.present.end() || now->second.ref != known.second.ref;
      });
    }
    for (const auto& [slot, placement] : staying) ASSERT_EQ(listed[slot], 1) << "slot " << slot;
    ASSERT_EQ(test.watcher.present.size(), test.store.ledger().sealed.objects);
  }
  EXPECT_GT(test.watcher.gone, 500);
}

}  // namespace
}  // namespace obj
