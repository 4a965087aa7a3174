// SPDX-License-Identifier: Apache-2.0
// Goal: each edge of the diagram in store/object_store.hh, and each refusal, with the books in
// order.
#include "store/object_store.hh"

#include <gtest/gtest.h>

#include <string>

#include "store/extent_allocator.hh"
#include "tests/store/test_store.hh"

namespace obj {
namespace {

using Why = Blocker::Why;

constexpr uint64_t kMiB = 1 << 20;

TEST(ObjectStore, hides_an_object_until_it_is_sealed) {
  TestStore test(10, kMiB);
  const Placement created = test.create(1, 1000).value();
  EXPECT_EQ(created.data_bytes, 1000u);
  EXPECT_EQ(created.id, numbered_id(1));
  EXPECT_FALSE(test.store.find_sealed(numbered_id(1)).has_value());
  ASSERT_TRUE(test.store.describe(numbered_id(1)).has_value());
  EXPECT_FALSE(test.store.describe(numbered_id(1))->sealed);

  const Placement sealed = test.store.seal(created.ref, 1).value();
  EXPECT_EQ(sealed.ref, created.ref);
  EXPECT_EQ(sealed.offset, created.offset);
  EXPECT_EQ(test.store.find_sealed(numbered_id(1))->ref, created.ref);
  EXPECT_TRUE(test.store.describe(numbered_id(1))->sealed);
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, counts_memory_by_what_happens_to_it) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.create(1, 1000).value().ref;
  EXPECT_EQ(test.store.ledger().unsealed, (Holding{1, 1024}));
  EXPECT_EQ(test.store.ledger().free_bytes, kMiB - 1024);
  ASSERT_TRUE(test.store.seal(ref, 1).has_value());
  EXPECT_EQ(test.store.ledger().unsealed, Holding{});
  EXPECT_EQ(test.store.ledger().sealed, (Holding{1, 1024}));
  ASSERT_TRUE(test.store.pin(numbered_id(1), "job").has_value());
  EXPECT_EQ(test.store.ledger().owner_pinned, (Holding{1, 1024}));
  EXPECT_EQ(test.store.ledger().sealed, (Holding{1, 1024}));
  test.readers.pin(1, ref);
  test.store.remove(numbered_id(1));
  EXPECT_EQ(test.store.ledger().owner_pinned, Holding{});
  EXPECT_EQ(test.store.ledger().sealed, Holding{});
  EXPECT_EQ(test.store.ledger().withdrawn, (Holding{1, 1024}));
  test.readers.release_all(1);
  EXPECT_EQ(test.store.reap(), 1u);
  EXPECT_EQ(test.store.ledger().withdrawn, Holding{});
  EXPECT_EQ(test.store.ledger().free_bytes, kMiB);
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, lays_metadata_behind_the_data) {
  TestStore test(10, kMiB);
  ASSERT_TRUE(test.store.create({numbered_id(1), 1001, 100, 1}).has_value());
  // 1001 is followed by 7 bytes of padding, and 100 of metadata: 1108.
  EXPECT_EQ(test.store.ledger().unsealed.bytes, 1152u);
}

TEST(ObjectStore, aligns_objects_as_promised) {
  TestStore test(10, kMiB);
  test.put(1, 1);
  EXPECT_EQ(test.create(2, 64).value().offset % 64, 0u);
  EXPECT_EQ(test.create(3, 4096).value().offset % 4096, 0u);
  EXPECT_EQ(test.create(4, 100'000).value().offset % 4096, 0u);
}

TEST(ObjectStore, takes_an_empty_object) {
  TestStore test(10, kMiB);
  test.put(1, 0);
  EXPECT_EQ(test.store.find_sealed(numbered_id(1))->data_bytes, 0u);
  EXPECT_EQ(test.store.ledger().sealed, (Holding{1, 64}));
  test.store.remove(numbered_id(1));
  EXPECT_EQ(test.store.ledger().free_bytes, kMiB);
}

TEST(ObjectStore, takes_the_all_zero_id) {
  TestStore test(10, kMiB);
  test.put(0, 10);
  EXPECT_TRUE(test.store.find_sealed(ObjectId{}).has_value());
  test.store.remove(ObjectId{});
  EXPECT_FALSE(test.store.find_sealed(ObjectId{}).has_value());
}

TEST(ObjectStore, takes_an_object_as_large_as_the_arena) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.put(1, kMiB);
  EXPECT_EQ(test.store.ledger().free_bytes, 0u);
  EXPECT_EQ(test.store.largest_free_bytes(), 0u);
  // And one after the other.
  EXPECT_NE(test.put(2, kMiB), ref);
  EXPECT_FALSE(test.has(1));
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, refuses_what_can_never_fit) {
  TestStore test(10, kMiB);
  EXPECT_EQ(test.create(1, kMiB + 1).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(test.store.create({numbered_id(1), kMiB, 1, 1}).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(test.store.admissible({numbered_id(1), kMiB, 1, 1}).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(test.store.admissible({numbered_id(1), kMiB, 0, 1}).has_value());
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, refuses_sizes_that_overflow_when_added) {
  TestStore test(10, kMiB);
  for (const uint64_t data_bytes :
       {UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - UINT32_MAX, uint64_t{1} << 63,
        ExtentAllocator::kCapacityMax + 1, ExtentAllocator::kCapacityMax}) {
    for (const uint32_t metadata_bytes : {0u, 1u, 8u, UINT32_MAX}) {
      const auto created = test.store.create({numbered_id(1), data_bytes, metadata_bytes, 1});
      ASSERT_FALSE(created.has_value());
      EXPECT_EQ(created.error().code, ErrorCode::kTooLarge);
    }
  }
}

TEST(ObjectStore, refuses_a_second_object_of_the_same_id) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.create(1, 100).value().ref;
  EXPECT_EQ(test.create(1, 100, 2).error().code, ErrorCode::kExists);
  ASSERT_TRUE(test.store.seal(ref, 1).has_value());
  EXPECT_EQ(test.create(1, 100, 2).error().code, ErrorCode::kExists);
  EXPECT_EQ(test.store.admissible({numbered_id(1), 100, 0, 2}).error().code, ErrorCode::kExists);
  EXPECT_EQ(test.store.ledger().sealed.objects, 1u);
}

TEST(ObjectStore, refuses_ids_that_fill_a_chain_of_the_index) {
  TestStore test(100, kMiB);
  const uint64_t mask = test.table.header().bucket_count - 1;
  const auto chain_of = [&](uint64_t number) {
    return hash(numbered_id(number), TestStore::kSeed) & mask;
  };
  uint64_t number = 0;
  for (uint32_t added = 0; added < ObjectTable::kChainMax; number++) {
    if (chain_of(number) != chain_of(0)) continue;
    test.put(number, 10);
    added++;
  }
  while (chain_of(number) != chain_of(0)) number++;
  EXPECT_EQ(test.create(number, 10).error().code, ErrorCode::kLimit);
  EXPECT_EQ(test.store.admissible({numbered_id(number), 10, 0, 1}).error().code, ErrorCode::kLimit);
  test.store.remove(numbered_id(0));
  EXPECT_TRUE(test.create(number, 10).has_value());
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, lets_only_the_creator_seal_or_abort) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.create(1, 100, 7).value().ref;
  EXPECT_EQ(test.store.seal(ref, 8).error().code, ErrorCode::kNotOwner);
  EXPECT_EQ(test.store.abort(ref, 8).error().code, ErrorCode::kNotOwner);
  EXPECT_EQ(test.store.describe(numbered_id(1))->creator, 7u);
  ASSERT_TRUE(test.store.seal(ref, 7).has_value());
  EXPECT_EQ(test.store.describe(numbered_id(1))->creator, 0u);
  EXPECT_EQ(test.store.seal(ref, 7).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(test.store.abort(ref, 7).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(test.has(1));
}

TEST(ObjectStore, refuses_references_that_name_nothing) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.create(1, 100).value().ref;
  for (const ObjectRef wrong :
       {ObjectRef{ref.slot, ref.generation + 1}, ObjectRef{ref.slot, 0}, ObjectRef{ref.slot + 1, 1},
        ObjectRef{ref.slot + 1, 0}, ObjectRef{9, 0}, ObjectRef{10, 1}, ObjectRef{UINT32_MAX, 1},
        ObjectRef{ref.slot, ref.generation + (uint64_t{1} << 48)}}) {
    EXPECT_EQ(test.store.seal(wrong, 1).error().code, ErrorCode::kStale);
    EXPECT_EQ(test.store.abort(wrong, 1).error().code, ErrorCode::kStale);
  }
  EXPECT_TRUE(test.store.seal(ref, 1).has_value());
}

TEST(ObjectStore, gives_memory_back_on_abort) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.create(1, 1000).value().ref;
  ASSERT_TRUE(test.store.abort(ref, 1).has_value());
  EXPECT_EQ(test.store.ledger().free_bytes, kMiB);
  EXPECT_FALSE(test.has(1));
  EXPECT_EQ(test.store.abort(ref, 1).error().code, ErrorCode::kStale);
  // A guess at the generation that the free slot has now.
  const ObjectRef guess{ref.slot, test.table.generation(ref.slot)};
  EXPECT_EQ(test.store.seal(guess, 1).error().code, ErrorCode::kStale);
  const ObjectRef again = test.create(1, 1000).value().ref;
  EXPECT_EQ(again.slot, ref.slot);
  EXPECT_GT(again.generation, ref.generation);
}

TEST(ObjectStore, removes_an_object_that_nobody_reads_at_once) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.put(1, 1000);
  test.store.remove(numbered_id(1));
  EXPECT_FALSE(test.has(1));
  EXPECT_FALSE(test.store.has_withdrawn());
  EXPECT_EQ(test.store.ledger().free_bytes, kMiB);
  const ObjectRef again = test.put(1, 1000);
  EXPECT_EQ(again.slot, ref.slot);
  EXPECT_GT(again.generation, ref.generation);
}

TEST(ObjectStore, removing_what_is_absent_is_a_success) {
  TestStore test(10, kMiB);
  test.store.remove(numbered_id(1));
  test.put(1, 10);
  test.store.remove(numbered_id(1));
  test.store.remove(numbered_id(1));
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, keeps_the_memory_of_a_removed_object_until_its_last_reader_is_gone) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.put(1, 1000);
  test.readers.pin(5, ref);
  test.readers.pin(6, ref);
  test.store.remove(numbered_id(1));
  EXPECT_FALSE(test.has(1));
  EXPECT_TRUE(test.store.has_withdrawn());
  EXPECT_EQ(test.table.state(ref.slot), SlotState::kEvicting);
  EXPECT_EQ(test.table.generation(ref.slot), ref.generation);
  EXPECT_EQ(test.store.ledger().free_bytes, kMiB - 1024);

  EXPECT_EQ(test.store.reap(), 0u);
  test.readers.release(5, ref);
  EXPECT_EQ(test.store.reap(), 0u);
  test.readers.release(6, ref);
  EXPECT_TRUE(test.store.has_withdrawn());
  EXPECT_EQ(test.store.reap(), 1u);
  EXPECT_EQ(test.store.reap(), 0u);
  EXPECT_FALSE(test.store.has_withdrawn());
  EXPECT_EQ(test.store.ledger().free_bytes, kMiB);
  EXPECT_GT(test.table.generation(ref.slot), ref.generation);
}

TEST(ObjectStore, creates_anew_beside_a_removed_object_that_is_still_read) {
  TestStore test(10, kMiB);
  const ObjectRef old_ref = test.put(1, 1000);
  test.readers.pin(5, old_ref);
  test.store.remove(numbered_id(1));
  const ObjectRef new_ref = test.put(1, 2000);
  EXPECT_NE(new_ref.slot, old_ref.slot);
  EXPECT_EQ(test.store.find_sealed(numbered_id(1))->ref, new_ref);
  test.readers.release_all(5);
  EXPECT_EQ(test.store.reap(), 1u);
  EXPECT_EQ(test.store.find_sealed(numbered_id(1))->ref, new_ref);
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, reaps_all_that_are_free_in_one_scan) {
  TestStore test(10, kMiB);
  std::vector<ObjectRef> refs;
  for (uint64_t i = 0; i < 5; i++) {
    refs.push_back(test.put(i, 100));
    test.readers.pin(static_cast<SessionId>(i), refs.back());
    test.store.remove(numbered_id(i));
  }
  for (SessionId session : {0u, 2u, 4u}) test.readers.release_all(session);
  test.readers.scans = 0;
  EXPECT_EQ(test.store.reap(), 3u);
  EXPECT_EQ(test.readers.scans, 1);
  EXPECT_EQ(test.store.ledger().withdrawn.objects, 2u);
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, forgets_an_unsealed_object_that_was_removed_when_its_creator_speaks) {
  for (const bool seals : {true, false}) {
    TestStore test(10, kMiB);
    const ObjectRef ref = test.create(1, 1000).value().ref;
    test.store.remove(numbered_id(1));
    EXPECT_FALSE(test.has(1));
    EXPECT_FALSE(test.store.has_withdrawn());
    EXPECT_EQ(test.store.ledger().unsealed, (Holding{1, 1024}));  // the creator may be writing
    EXPECT_TRUE(test.create(1, 10, 2).has_value());
    EXPECT_EQ(test.store.seal(ref, 2).error().code, ErrorCode::kNotOwner);
    EXPECT_TRUE(test.is_consistent());

    const ErrorCode code =
        seals ? test.store.seal(ref, 1).error().code : test.store.abort(ref, 1).error().code;
    EXPECT_EQ(code, ErrorCode::kStale);
    EXPECT_EQ(test.store.ledger().unsealed, (Holding{1, 64}));
    EXPECT_TRUE(test.has(1));
    EXPECT_EQ(test.store.seal(ref, 1).error().code, ErrorCode::kStale);
    EXPECT_TRUE(test.is_consistent());
  }
}

TEST(ObjectStore, aborts_what_an_ended_session_left_unsealed) {
  TestStore test(10, kMiB);
  const ObjectRef sealed = test.create(1, 100, 7).value().ref;
  ASSERT_TRUE(test.store.seal(sealed, 7).has_value());
  ASSERT_TRUE(test.create(2, 100, 7).has_value());
  ASSERT_TRUE(test.create(3, 100, 7).has_value());
  test.store.remove(numbered_id(3));
  ASSERT_TRUE(test.create(4, 100, 8).has_value());
  EXPECT_EQ(test.store.end_session(7), 2u);
  EXPECT_EQ(test.store.end_session(7), 0u);
  EXPECT_EQ(test.store.end_session(99), 0u);
  EXPECT_TRUE(test.has(1));
  EXPECT_FALSE(test.has(2));
  EXPECT_TRUE(test.has(4));
  EXPECT_EQ(test.store.ledger().unsealed.objects, 1u);
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, pins_for_owners_only_what_is_sealed) {
  TestStore test(10, kMiB);
  EXPECT_EQ(test.store.pin(numbered_id(1), "job").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(test.store.unpin(numbered_id(1), "job").error().code, ErrorCode::kNotFound);
  const ObjectRef ref = test.create(1, 100).value().ref;
  EXPECT_EQ(test.store.pin(numbered_id(1), "job").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(test.store.seal(ref, 1).has_value());
  EXPECT_TRUE(test.store.pin(numbered_id(1), "job").has_value());
  EXPECT_TRUE(test.store.pin(numbered_id(1), "job").has_value());
  EXPECT_TRUE(test.store.pin(numbered_id(1), std::string(31, 'x')).has_value());
  EXPECT_EQ(test.store.describe(numbered_id(1))->owner_pins, 2u);
  EXPECT_EQ(test.store.unpin(numbered_id(1), "nobody").error().code, ErrorCode::kNotOwner);
  EXPECT_TRUE(test.store.unpin(numbered_id(1), "job").has_value());
  EXPECT_EQ(test.store.unpin(numbered_id(1), "job").error().code, ErrorCode::kNotOwner);
  EXPECT_EQ(test.store.ledger().owner_pinned.objects, 1u);
  EXPECT_TRUE(test.store.unpin(numbered_id(1), std::string(31, 'x')).has_value());
  EXPECT_EQ(test.store.ledger().owner_pinned, Holding{});
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, forgets_owner_pins_with_their_object) {
  TestStore test(10, kMiB);
  test.put(1, 100);
  ASSERT_TRUE(test.store.pin(numbered_id(1), "job").has_value());
  test.store.remove(numbered_id(1));
  test.put(1, 100);
  EXPECT_EQ(test.store.describe(numbered_id(1))->owner_pins, 0u);
  EXPECT_TRUE(test.store.blockers(10).empty());
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, counts_the_views_of_an_object) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.put(1, 100);
  EXPECT_EQ(test.store.describe(numbered_id(1))->views, 0u);
  test.readers.pin(5, ref);
  test.readers.pin(5, ref);
  test.readers.pin(6, ref);
  test.readers.pin(6, {ref.slot, ref.generation + 1});
  EXPECT_EQ(test.store.describe(numbered_id(1))->views, 3u);
}

TEST(ObjectStore, ignores_cells_that_do_not_name_what_is_there) {
  TestStore test(4, kMiB);
  const ObjectRef first = test.put(1, 100);
  const ObjectRef creating = test.create(2, 100).value().ref;
  for (const uint64_t word :
       {uint64_t{0}, uint64_t{1} << 32, ~uint64_t{0}, ~uint64_t{0} << 32,  // no slot at all
        make_pin(3, 0), make_pin(3, 1),                                    // a slot never used
        make_pin(4, 1), make_pin(UINT32_MAX - 1, 1),                       // out of range
        make_pin(first.slot, first.generation - 1), make_pin(first.slot, first.generation + 1)}) {
    test.readers.pins.push_back({word, 9});
  }
  test.readers.pin(9, creating);
  EXPECT_EQ(test.store.describe(numbered_id(1))->views, 0u);
  const auto blockers = test.store.blockers(10);
  ASSERT_EQ(blockers.size(), 1u);
  EXPECT_EQ(blockers[0], (Blocker{Why::kUnsealed, 1, "", {1, 128}}));
  test.store.remove(numbered_id(1));
  EXPECT_FALSE(test.store.has_withdrawn());
  EXPECT_EQ(test.store.reap(), 0u);
  // A guess at the generation that a free slot has now.
  test.readers.pin(9, {first.slot, test.table.generation(first.slot)});
  EXPECT_EQ(test.store.blockers(10).size(), 1u);
  EXPECT_TRUE(test.is_consistent());
}

TEST(ObjectStore, shows_how_much_of_an_unsealed_object_is_ready) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.store.create({numbered_id(1), 1001, 20, 7}).value().ref;
  const std::atomic<uint64_t>& ready = test.view().slot(ref.slot).ready_bytes;
  EXPECT_EQ(ready, 0u);
  ASSERT_TRUE(test.store.show_ready(ref, 7, 500).has_value());
  EXPECT_EQ(ready, 500u);
  ASSERT_TRUE(test.store.show_ready(ref, 7, 400).has_value());
  EXPECT_EQ(ready, 500u);
  ASSERT_TRUE(test.store.show_ready(ref, 7, 1008 + 20).has_value());
  EXPECT_EQ(test.store.show_ready(ref, 7, 1008 + 21).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(test.store.show_ready(ref, 8, 1).error().code, ErrorCode::kNotOwner);
  EXPECT_EQ(test.store.show_ready({ref.slot, ref.generation + 1}, 7, 1).error().code,
            ErrorCode::kStale);
  EXPECT_FALSE(test.store.find_sealed(numbered_id(1)).has_value());
  EXPECT_EQ(ready, 1028u);
  EXPECT_TRUE(test.is_consistent());

  ASSERT_TRUE(test.store.seal(ref, 7).has_value());
  EXPECT_EQ(ready, 1028u);
  EXPECT_EQ(test.store.show_ready(ref, 7, 1).error().code, ErrorCode::kInvalid);
  test.store.remove(numbered_id(1));
  EXPECT_EQ(test.put(2, 77), (ObjectRef{ref.slot, ref.generation + 1}));
  EXPECT_EQ(ready, 80u);
}

TEST(ObjectStore, shows_nothing_more_of_what_was_removed_unsealed) {
  TestStore test(10, kMiB);
  const ObjectRef ref = test.create(1, 1000).value().ref;
  ASSERT_TRUE(test.store.show_ready(ref, 1, 100).has_value());
  test.store.remove(numbered_id(1));
  EXPECT_EQ(test.store.show_ready(ref, 1, 200).error().code, ErrorCode::kStale);
  EXPECT_EQ(test.store.ledger().unsealed.objects, 1u);  // its creator may still write to it
  EXPECT_EQ(test.store.abort(ref, 1).error().code, ErrorCode::kStale);
  EXPECT_EQ(test.store.ledger().unsealed.objects, 0u);
}

TEST(ObjectStore, names_those_who_hold_memory_largest_first) {
  TestStore test(20, kMiB);
  const ObjectRef shared = test.put(1, 1024);
  const ObjectRef owned = test.put(2, 4096);
  const ObjectRef gone = test.put(3, 8192);
  test.put(4, 100);  // evictable: blocks nothing
  ASSERT_TRUE(test.create(5, 65536, 30).has_value());
  ASSERT_TRUE(test.create(6, 65536, 30).has_value());
  test.readers.pin(10, shared);
  test.readers.pin(10, shared);  // twice by one session: one object
  test.readers.pin(11, shared);
  test.readers.pin(11, owned);
  test.readers.pin(12, gone);
  ASSERT_TRUE(test.store.pin(numbered_id(2), "job").has_value());
  test.store.remove(numbered_id(3));

  const std::vector<Blocker> expected{{Why::kUnsealed, 30, "", {2, 131072}},
                                      {Why::kWithdrawn, 12, "", {1, 8192}},
                                      {Why::kViewed, 11, "", {2, 5120}},
                                      {Why::kOwnerPinned, 0, "job", {1, 4096}},
                                      {Why::kViewed, 10, "", {1, 1024}}};
  EXPECT_EQ(test.store.blockers(10), expected);
  const std::vector<Blocker> first_two(expected.begin(), expected.begin() + 2);
  EXPECT_EQ(test.store.blockers(2), first_two);
  EXPECT_TRUE(test.store.blockers(0).empty());
}

TEST(ObjectStore, names_the_daemon_apart_from_clients) {
  TestStore test(20, kMiB);
  const ObjectRef sent = test.put(1, 1024);
  const ObjectRef gone = test.put(2, 2048);
  ASSERT_TRUE(test.create(3, 65536, kPullSession, CopyRole::kSecondary).has_value());
  ASSERT_TRUE(test.create(4, 4096, kClientSessionMax).has_value());
  test.readers.pin(kDaemonSession, sent);
  test.readers.pin(kDaemonSession, gone);
  test.readers.pin(kClientSessionMax, sent);
  test.store.remove(numbered_id(2));
  const std::vector<Blocker> expected{{Why::kPulled, kPullSession, "", {1, 65536}},
                                      {Why::kUnsealed, kClientSessionMax, "", {1, 4096}},
                                      {Why::kRemote, kDaemonSession, "", {2, 3072}},
                                      {Why::kViewed, kClientSessionMax, "", {1, 1024}}};
  EXPECT_EQ(test.store.blockers(10), expected);
}

TEST(ObjectStore, counts_its_pin_scans) {
  TestStore test(10, kMiB);
  test.put(1, 100);
  EXPECT_EQ(test.store.counters().pin_scans, 0u);
  test.store.remove(numbered_id(1));
  EXPECT_EQ(test.store.counters().pin_scans, 1u);
}

}  // namespace
}  // namespace obj
