// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/pull_manager_test.cc -- what docs/pull_manager.md promises of bundles, one by
// one, with a driver that the test plays itself (tests/fabric/pull/manual_driver.hh).
#include "fabric/pull/pull_manager.hh"

#include <gtest/gtest.h>

#include "tests/fabric/pull/manual_driver.hh"

namespace obj {
namespace {

// ---- locations and subscriptions ----------------------------------------------------------------

TEST(PullManager, reads_nothing_without_a_location) {
  ManualDriver driver;
  driver.get({1});
  driver.pass(60'000 * kMs);
  EXPECT_EQ(driver.reads_posted, 0u);
  EXPECT_TRUE(driver.reserved.empty());
  EXPECT_TRUE(driver.subscribed.contains(id_of(1)));
}

TEST(PullManager, a_location_that_arrives_after_a_cancel_is_ignored_and_nothing_leaks) {
  for (const PullClass pull_class : kAllPullClasses) {
    ManualDriver driver;
    const BundleId bundle = driver.request(pull_class, {1});
    driver.advance();
    driver.manager.cancel(bundle);
    driver.advance();
    driver.located(1, held_by({5}, 3000));
    driver.manager.on_local(id_of(1), 64, LocalHold::kPulls, driver.now_ns);
    driver.advance();
    EXPECT_EQ(driver.reads_posted, 0u);
    driver.expect_idle();
    EXPECT_TRUE(driver.order_of_ends.empty());
  }
}

TEST(PullManager, cancel_ends_exactly_the_subscriptions_that_no_other_bundle_needs) {
  for (const PullClass pull_class : kAllPullClasses) {
    ManualDriver driver;
    const BundleId first = driver.request(pull_class, {1, 2, 3});
    const BundleId second = driver.request(pull_class, {3, 4});
    for (const uint32_t object : {1u, 2u, 3u, 4u}) driver.located(object, held_by({5}, 3000));
    driver.advance();
    EXPECT_EQ(driver.reserved.size(), 4u);
    driver.manager.cancel(first);
    driver.advance();
    EXPECT_EQ(driver.subscribed, (std::set<ObjectId>{id_of(3), id_of(4)}));
    // Each active pull is aborted once: now if nothing of it is posted, else when that is over.
    driver.finish();
    EXPECT_EQ(driver.releases, 2u);
    EXPECT_EQ(driver.sealed, (std::set<ObjectId>{id_of(3), id_of(4)}));
    EXPECT_TRUE(driver.is_done(second));
    driver.expect_idle();
  }
}

TEST(PullManager, a_hundred_identical_updates_cause_no_extra_reads) {
  ManualDriver driver;
  driver.get({1});
  for (int i = 0; i < 100; i++) driver.located(1, held_by({5, 6}, 2000));
  driver.advance();
  for (int i = 0; i < 100; i++) driver.located(1, held_by({5, 6}, 2000));
  driver.advance();
  EXPECT_EQ(driver.reads_posted, 2u);
  driver.finish();
  EXPECT_EQ(driver.reads_posted, 2u);
}

TEST(PullManager, identical_bundles_share_subscriptions_and_reads) {
  ManualDriver driver;
  const BundleId first = driver.get({1, 2});
  const BundleId second = driver.get({1, 2});
  driver.located(1, held_by({5}, 3000));
  driver.located(2, held_by({5}, 3000));
  driver.advance();
  driver.manager.cancel(first);
  driver.finish();
  EXPECT_EQ(driver.reads_posted, 6u);
  EXPECT_TRUE(driver.is_done(second));
  EXPECT_FALSE(driver.is_done(first));
  driver.expect_idle();
}

TEST(PullManager, duplicate_ids_in_a_bundle_are_harmless) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1, 1, 2, 1, 2});
  driver.located(1, held_by({5}, 3000));
  driver.located(2, held_by({5}, 1000));
  driver.finish();
  EXPECT_EQ(driver.reads_posted, 4u);
  EXPECT_TRUE(driver.is_done(bundle));
  driver.expect_idle();
}

TEST(PullManager, a_thousand_gets_of_one_object_are_one_transfer) {
  ManualDriver driver;
  std::vector<BundleId> bundles;
  for (int i = 0; i < 1000; i++) bundles.push_back(driver.get({1}));
  driver.located(1, held_by({5}, 3000));
  driver.finish();
  EXPECT_EQ(driver.reads_posted, 3u);
  EXPECT_EQ(driver.order_of_ends, bundles);
  driver.expect_idle();
}

TEST(PullManager, a_get_takes_over_a_prefetch_of_the_same_object) {
  ManualDriver driver;
  const BundleId prefetch = driver.prefetch({1});
  driver.located(1, held_by({5}, 5000));
  driver.advance();
  const BundleId get = driver.get({1});
  driver.finish();
  EXPECT_EQ(driver.reads_posted, 5u);
  EXPECT_TRUE(driver.is_done(prefetch) && driver.is_done(get));
  EXPECT_EQ(driver.releases, 0u);
}

TEST(PullManager, objects_that_are_here_already_are_not_pulled) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1, 2});
  driver.advance();
  driver.manager.on_local(id_of(1), 64, LocalHold::kPulls, driver.now_ns);
  driver.located(1, held_by({5}, 3000));
  driver.located(2, held_by({5}, 1000));
  driver.finish();
  EXPECT_EQ(driver.reads_posted, 1u);
  EXPECT_TRUE(driver.is_done(bundle));
}

TEST(PullManager, an_empty_bundle_is_done_at_once) {
  ManualDriver driver;
  const BundleId bundle = driver.get({});
  driver.advance();
  EXPECT_TRUE(driver.is_done(bundle));
  driver.expect_idle();
}

// ---- order and budget ---------------------------------------------------------------------------

TEST(PullManager, bundles_start_in_the_order_in_which_their_metadata_completes) {
  for (const PullClass pull_class : kAllPullClasses) {
    ManualDriver driver;
    driver.manager.on_budget(3000, 1u << 30);
    driver.request(pull_class, {1});
    driver.request(pull_class, {2});
    driver.advance();
    driver.located(2, held_by({5}, 3000));
    driver.advance();
    driver.located(1, held_by({5}, 3000));
    driver.advance();
    EXPECT_TRUE(driver.is_active(2));
    EXPECT_FALSE(driver.is_active(1));
  }
}

TEST(PullManager, within_a_class_it_is_first_come_first_served) {
  ManualDriver driver;
  driver.manager.on_budget(1000, 1u << 30);
  std::vector<BundleId> bundles;
  for (uint32_t object = 1; object <= 20; object++) {
    bundles.push_back(driver.wait({object}));
    driver.located(object, held_by({5}, 900));
  }
  driver.finish();
  EXPECT_EQ(driver.order_of_ends, bundles);
}

TEST(PullManager, an_object_being_made_again_gives_its_bundles_budget_to_a_waiting_one) {
  for (const PullClass pull_class : kAllPullClasses) {
    ManualDriver driver;
    driver.manager.on_budget(5000, 1u << 30);
    const BundleId first = driver.request(pull_class, {1});
    const BundleId second = driver.request(pull_class, {2});
    driver.located(1, held_by({5}, 4000));
    driver.located(2, held_by({5}, 4000));
    driver.advance();
    EXPECT_TRUE(driver.is_active(1));
    EXPECT_FALSE(driver.is_active(2));
    ObjectRecord record{.shape = shape_of(4000), .being_made = true};
    driver.located(1, record);
    // The memory moves on when the posted reads are over.
    driver.advance();
    driver.complete_posted();
    driver.advance();
    EXPECT_FALSE(driver.is_active(1));
    EXPECT_TRUE(driver.is_active(2));
    driver.located(1, held_by({6}, 4000));
    driver.finish();
    EXPECT_EQ(driver.order_of_ends, (std::vector<BundleId>{second, first}));
    driver.expect_idle();
  }
}

TEST(PullManager, objects_are_pinned_as_they_arrive_until_the_bundle_is_done) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1, 2});
  driver.located(1, held_by({5}, 1000));
  driver.located(2, held_by({6}, 1000));
  driver.finish(1);
  EXPECT_EQ(driver.pinned, (std::set<ObjectId>{id_of(1)}));
  EXPECT_FALSE(driver.is_done(bundle));
  driver.finish(2);
  EXPECT_TRUE(driver.is_done(bundle));
  EXPECT_TRUE(driver.pinned.empty());
}

TEST(PullManager, cancel_unpins_what_had_arrived) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1, 2});
  driver.located(1, held_by({5}, 1000));
  driver.located(2, held_by({6}, 1000));
  driver.finish(1);
  ASSERT_EQ(driver.pinned.size(), 1u);
  driver.manager.cancel(bundle);
  driver.finish();
  driver.expect_idle();
}

TEST(PullManager, what_is_lost_before_it_was_pinned_is_pulled_again) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1, 2});
  driver.located(1, held_by({5}, 1000));
  driver.located(2, held_by({6}, 1000));
  driver.finish(1);
  driver.pinned.clear();
  driver.manager.on_local_gone(id_of(1), driver.now_ns);
  driver.finish();
  EXPECT_TRUE(driver.is_done(bundle));
  EXPECT_EQ(driver.reads_posted, 3u);
}

TEST(PullManager, the_sole_active_bundle_stays_active_when_memory_shrinks_below_its_need) {
  for (const PullClass pull_class : kAllPullClasses) {
    ManualDriver driver;
    const BundleId bundle = driver.request(pull_class, {1, 2});
    driver.located(1, held_by({5}, 4000));
    driver.located(2, held_by({5}, 4000));
    driver.advance();
    driver.manager.on_budget(100, 1u << 30);
    driver.advance();
    EXPECT_TRUE(driver.is_active(1) && driver.is_active(2));
    driver.finish();
    EXPECT_TRUE(driver.is_done(bundle));
    EXPECT_EQ(driver.releases, 0u);
  }
}

TEST(PullManager, cancelling_a_bundle_that_cannot_fit_lets_later_ones_run) {
  ManualDriver driver;
  driver.manager.on_budget(10'000, 1u << 30);
  driver.get({1});
  const BundleId large = driver.get({2});
  driver.located(1, held_by({5}, 6000));
  driver.located(2, held_by({5}, 9000));
  driver.advance();
  driver.now_ns += 5000 * kMs;  // it has waited long enough to be passed no more
  driver.get({3});
  driver.located(3, held_by({5}, 3000));
  driver.advance();
  EXPECT_FALSE(driver.is_active(2) || driver.is_active(3));
  driver.manager.cancel(large);
  driver.advance();
  EXPECT_TRUE(driver.is_active(3));
}

TEST(PullManager, cancelling_an_active_bundle_starts_as_many_as_now_fit) {
  for (const PullClass pull_class : kAllPullClasses) {
    ManualDriver driver;
    driver.manager.on_budget(10'000, 1u << 30);
    const BundleId large = driver.request(pull_class, {1});
    driver.located(1, held_by({5}, 10'000 - 64));
    driver.advance();
    for (const uint32_t object : {2u, 3u, 4u}) {
      driver.request(pull_class, {object});
      driver.located(object, held_by({5}, 4900));
    }
    driver.advance();
    EXPECT_FALSE(driver.is_active(2));
    driver.manager.cancel(large);
    driver.finish(1);
    EXPECT_TRUE(driver.is_active(2) && driver.is_active(3));
    EXPECT_FALSE(driver.is_active(4));
  }
}

TEST(PullManager, a_get_displaces_the_newest_prefetch_then_the_newest_wait_once_its_size_is_known) {
  ManualDriver driver;
  driver.manager.on_budget(10'000, 1u << 30);
  driver.wait({1});
  driver.wait({2});
  driver.prefetch({3});
  for (const uint32_t object : {1u, 2u, 3u}) driver.located(object, held_by({5}, 3000));
  driver.get({4});
  driver.advance();
  EXPECT_TRUE(driver.is_active(1) && driver.is_active(2) && driver.is_active(3));
  driver.located(4, held_by({6}, 5000));
  driver.advance();
  // Displaced, but its posted reads keep their memory until they are over.
  EXPECT_TRUE(driver.is_active(3));
  driver.complete_posted(3);
  driver.complete_posted(2);
  driver.advance();
  EXPECT_FALSE(driver.is_active(3));
  EXPECT_FALSE(driver.is_active(2));
  EXPECT_TRUE(driver.is_active(1) && driver.is_active(4));
  driver.finish();
  EXPECT_EQ(driver.order_of_ends.size(), 4u);
  driver.expect_idle();
}

TEST(PullManager, a_bundle_larger_than_free_memory_but_not_than_the_capacity_completes) {
  ManualDriver driver;
  driver.manager.on_budget(1000, 100'000);
  const BundleId bundle = driver.get({1, 2});
  driver.located(1, held_by({5}, 40'000));
  driver.located(2, held_by({5}, 40'000));
  driver.finish();
  EXPECT_TRUE(driver.is_done(bundle));
}

TEST(PullManager, a_bundle_larger_than_the_capacity_fails_at_once_and_says_so) {
  for (const PullClass pull_class : kAllPullClasses) {
    ManualDriver driver;
    driver.manager.on_budget(100'000, 100'000);
    const BundleId other = driver.request(pull_class, {1});
    const BundleId bundle = driver.request(pull_class, {1, 2, 3});
    driver.located(1, held_by({5}, 60'000));
    driver.located(2, held_by({5}, 60'000));  // of 3 nothing is known yet
    driver.advance();
    const PullFailure* failure = driver.failure_of(bundle);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->error.code, ErrorCode::kTooLarge);
    EXPECT_EQ(failure->capacity_bytes, 100'000u);
    EXPECT_GE(failure->need_bytes, 120'000u);
    driver.finish();
    EXPECT_TRUE(driver.is_done(other));
    driver.expect_idle();
  }
}

TEST(PullManager, sizes_that_no_arena_can_have_are_not_believed) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1});
  ObjectRecord record = held_by({5}, 1000);
  record.shape->extent_bytes = record.shape->transfer_bytes = UINT64_MAX - 5;
  driver.located(1, record);
  driver.advance();
  EXPECT_EQ(driver.reads_posted, 0u);
  driver.located(1, held_by({5}, 1000));
  driver.finish();
  EXPECT_TRUE(driver.is_done(bundle));
}

TEST(PullManager, a_bundle_that_runs_out_of_objects_wanted_at_once_is_refused) {
  ManualDriver driver;
  std::vector<ObjectId> ids(PullManager::kObjectsMax + 1);
  const auto refused = driver.manager.request(PullClass::kGet, ids, driver.now_ns);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
  driver.advance();
  driver.expect_idle();
}

// ---- reads --------------------------------------------------------------------------------------

TEST(PullManager, chunks_are_the_size_divided_by_the_chunk_size_rounded_up) {
  for (const auto& [bytes, chunks] :
       std::map<uint64_t, uint64_t>{{0, 0}, {1, 1}, {999, 1}, {1000, 1}, {1001, 2}, {10'000, 10}}) {
    ManualDriver driver;
    const BundleId bundle = driver.get({1});
    driver.located(1, held_by({5}, bytes));
    driver.finish();
    EXPECT_EQ(driver.reads_posted, chunks);
    EXPECT_TRUE(driver.is_done(bundle));
    driver.expect_idle();
  }
}

TEST(PullManager, an_object_of_metadata_alone_is_pulled_like_any_other) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1});
  ObjectRecord record = held_by({5}, 24);
  record.shape->data_bytes = 0;
  record.shape->metadata_bytes = 24;
  driver.located(1, record);
  driver.advance();
  ASSERT_EQ(driver.reads.size(), 1u);
  EXPECT_EQ(driver.reads[0].size_bytes, 24u);
  driver.complete(driver.reads[0], ReadProof::kSameGeneration);
  driver.advance();
  EXPECT_TRUE(driver.is_done(bundle));
}

TEST(PullManager, only_missing_chunks_are_read_again) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1});
  driver.located(1, held_by({5, 6}, 4000));
  driver.advance();
  std::map<uint64_t, int> times_completed;
  for (int round = 0; round < 100 && !driver.is_done(bundle); round++) {
    const auto posted = driver.reads;
    for (const auto& read : posted) {
      EXPECT_EQ(times_completed[read.object_offset], 0) << "a completed chunk is read again";
      const bool fails = round < 3 && read.object_offset == 2000;
      if (fails) {
        driver.complete(read, std::unexpected(Error{ErrorCode::kSystem, 5, "read"}));
      } else {
        times_completed[read.object_offset]++;
        driver.complete(read);
      }
    }
    driver.complete_posted();
    driver.pass(10 * kMs);
  }
  EXPECT_TRUE(driver.is_done(bundle));
  EXPECT_EQ(times_completed.size(), 4u);
}

TEST(PullManager, one_object_is_striped_over_its_holders) {
  ManualDriver driver;
  driver.get({1});
  driver.located(1, held_by({5, 6, 7, 8}, 100'000));
  driver.advance();
  std::map<uint32_t, uint32_t> reads_at;
  for (const auto& read : driver.reads) reads_at[read.source.node.node]++;
  EXPECT_EQ(reads_at.size(), 4u);
  std::set<uint64_t> offsets;
  for (const auto& read : driver.reads) EXPECT_TRUE(offsets.insert(read.object_offset).second);
}

TEST(PullManager, striping_follows_the_observed_rates) {
  PullOptions options = ManualDriver::small_options();
  options.object_chunk_size = 100'000;
  ManualDriver driver(options);
  const BundleId bundle = driver.get({1});
  driver.located(1, held_by({5, 6}, 100'000'000));
  driver.advance();
  // Node 5 serves ten chunks while node 6 serves one; each serves one read after the other.
  std::map<uint32_t, uint64_t> served;
  for (int step = 0; step < 20'000 && !driver.is_done(bundle); step++) {
    driver.now_ns += kMs / 10;
    for (const auto& [node, period] : {std::pair{5u, 1}, std::pair{6u, 10}}) {
      if (step % period != 0) continue;
      const auto first = std::find_if(driver.reads.begin(), driver.reads.end(),
                                      [&](const auto& r) { return r.source.node.node == node; });
      if (first == driver.reads.end()) continue;
      served[node]++;
      driver.complete(pull_action::PostRead(*first));
    }
    const auto checks = driver.checks;
    for (const auto& check : checks) driver.complete(check);
    driver.advance();
  }
  EXPECT_TRUE(driver.is_done(bundle));
  EXPECT_GT(served[6], 50u);
  EXPECT_GT(served[5], 7 * served[6]);
}

TEST(PullManager, a_much_slower_source_is_not_waited_for_at_the_end) {
  ManualDriver driver;
  // Node 6 is known to be slow, node 5 to be fast.
  driver.get({1});
  driver.located(1, held_by({5}, 2000));
  driver.get({2});
  driver.located(2, held_by({6}, 2000));
  driver.advance();
  driver.now_ns += kMs;
  driver.complete_posted(1);
  driver.now_ns += 500 * kMs;
  driver.complete_posted(2);
  driver.finish();
  driver.get({3});
  driver.located(3, held_by({5, 6}, 2000));
  driver.advance();
  for (const auto& read : driver.reads_of(3)) EXPECT_EQ(read.source.node.node, 5u);
}

TEST(PullManager, bytes_in_flight_stay_within_the_window) {
  PullOptions options = ManualDriver::small_options();
  options.max_bytes_in_flight = 5500;
  ManualDriver driver(options);
  std::vector<uint32_t> objects;
  for (uint32_t object = 1; object <= 20; object++) objects.push_back(object);
  const BundleId bundle = driver.get(objects);
  for (const uint32_t object : objects) driver.located(object, held_by({object}, 3000));
  driver.advance();
  for (int round = 0; round < 500 && !driver.is_done(bundle); round++) {
    EXPECT_LE(driver.manager.in_flight_bytes(), 5500u);
    if (!driver.reads.empty()) driver.complete(pull_action::PostRead(driver.reads.front()));
    const auto checks = driver.checks;
    for (const auto& check : checks) driver.complete(check);
    driver.advance();
  }
  EXPECT_TRUE(driver.is_done(bundle));
}

// ---- deaths -------------------------------------------------------------------------------------

TEST(PullManager, a_source_that_dies_is_replaced_by_another_holder) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1});
  driver.located(1, held_by({5, 6}, 10'000));
  driver.advance();
  driver.manager.on_node_down({5, 1}, driver.now_ns);
  const auto posted = driver.reads;
  for (const auto& read : posted) {
    if (read.source.node.node != 5) continue;
    driver.complete(read, std::unexpected(Error{ErrorCode::kDisconnected, 0, "read"}));
  }
  driver.finish();
  EXPECT_TRUE(driver.is_done(bundle));
}

TEST(PullManager, the_death_of_the_only_holder_ends_its_bundles_within_two_seconds_naming_it) {
  for (const bool update_first : {false, true}) {
    PullOptions options;  // as in production
    ManualDriver driver(options);
    driver.manager.on_budget(10'000, 1u << 30);
    const BundleId active = driver.get({1});
    driver.located(1, held_by({5}, 8000));
    driver.advance();
    const BundleId queued = driver.prefetch({2});
    driver.located(2, held_by({5}, 8000));
    driver.advance();
    if (update_first) {
      driver.located(1, {.shape = shape_of(8000)});
      driver.located(2, {.shape = shape_of(8000)});
    }
    driver.manager.on_node_down({5, 1}, driver.now_ns);
    driver.located(1, {.shape = shape_of(8000)});
    driver.located(2, {.shape = shape_of(8000)});
    driver.advance();
    const auto posted = driver.reads;
    for (const auto& read : posted) {
      driver.complete(read, std::unexpected(Error{ErrorCode::kDisconnected, 0, "read"}));
    }
    driver.pass(2000 * kMs);
    for (const BundleId bundle : {active, queued}) {
      const PullFailure* failure = driver.failure_of(bundle);
      ASSERT_NE(failure, nullptr) << "bundle " << bundle << " update_first " << update_first;
      EXPECT_EQ(failure->error.code, ErrorCode::kDisconnected);
      EXPECT_EQ(failure->node, (SourceNode{5, 1}));
    }
    driver.expect_idle();
  }
}

TEST(PullManager, a_location_on_a_node_known_to_be_dead_is_not_used) {
  ManualDriver driver;
  driver.manager.on_node_down({5, 1}, driver.now_ns);
  driver.get({1});
  driver.located(1, held_by({5}, 3000));
  driver.advance();
  EXPECT_EQ(driver.reads_posted, 0u);
  ObjectRecord reborn = held_by({5}, 3000);
  reborn.sources[0].node.incarnation = 2;
  driver.located(1, reborn);
  driver.advance();
  EXPECT_GT(driver.reads_posted, 0u);
}

TEST(PullManager, an_object_that_is_withdrawn_everywhere_is_waited_for) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1});
  driver.located(1, held_by({5}, 3000));
  driver.advance();
  driver.located(1, {.shape = shape_of(3000)});
  driver.advance();
  driver.complete_posted();
  driver.pass(60'000 * kMs);
  EXPECT_EQ(driver.failure_of(bundle), nullptr);
  EXPECT_TRUE(driver.reserved.empty());
  driver.located(1, held_by({6}, 3000));
  driver.finish();
  EXPECT_TRUE(driver.is_done(bundle));
}

TEST(PullManager, copies_of_another_origin_are_never_mixed_into_a_pull) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1});
  driver.located(1, held_by({5}, 3000));
  driver.advance();
  ASSERT_EQ(driver.reads.size(), 2u);
  ObjectRecord other = held_by({6}, 3000);
  other.shape->origin = 2;
  driver.located(1, other);
  driver.advance();
  EXPECT_EQ(driver.reads.size(), 2u);
  driver.complete_posted();
  driver.advance();
  EXPECT_EQ(driver.releases, 1u);
  for (const auto& read : driver.reads) EXPECT_EQ(read.source.node.node, 6u);
  driver.finish();
  EXPECT_TRUE(driver.is_done(bundle));
}

TEST(PullManager, a_seal_that_fails_ends_the_bundle_with_its_cause) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1});
  driver.located(1, held_by({5}, 1000));
  driver.advance();
  driver.complete(pull_action::PostRead(driver.reads[0]), ReadProof::kSameGeneration);
  std::vector<PullAction> actions;
  driver.manager.advance(driver.now_ns, actions);
  ASSERT_EQ(actions.size(), 1u);
  ASSERT_TRUE(std::holds_alternative<pull_action::Seal>(actions[0]));
  driver.reserved.clear();
  driver.manager.on_seal_failed(id_of(1), {ErrorCode::kStale, 0, "seal"}, driver.now_ns);
  driver.advance();
  ASSERT_NE(driver.failure_of(bundle), nullptr);
  EXPECT_EQ(driver.failure_of(bundle)->error.code, ErrorCode::kStale);
  driver.expect_idle();
}

// ---- restore ------------------------------------------------------------------------------------

TEST(PullManager, asks_for_a_restore_once_per_interval_and_only_without_a_holder_in_memory) {
  ManualDriver driver;
  const BundleId bundle = driver.get({1});
  ObjectRecord record{.shape = shape_of(3000), .spilled_at = SourceNode{4, 1}};
  driver.located(1, record);
  driver.advance();
  EXPECT_EQ(driver.restores_asked, 1u);
  for (int i = 0; i < 100; i++) driver.located(1, record);
  driver.advance();
  EXPECT_EQ(driver.restores_asked, 1u);
  driver.pass(2000 * kMs);  // 5, 10, ... 160 ms
  EXPECT_GE(driver.restores_asked, 10u);
  EXPECT_LE(driver.restores_asked, 35u);
  record.sources = held_by({4}, 3000).sources;
  driver.located(1, record);
  const uint64_t asked = driver.restores_asked;
  driver.finish();
  EXPECT_TRUE(driver.is_done(bundle));
  EXPECT_EQ(driver.restores_asked, asked);
}

// ---- looking at it ------------------------------------------------------------------------------

TEST(PullManager, describes_what_each_transfer_waits_for) {
  ManualDriver driver;
  driver.get({1});
  driver.located(1, held_by({5}, 3000));
  driver.advance();
  const auto transfers = driver.manager.transfers(driver.now_ns);
  ASSERT_EQ(transfers.size(), 1u);
  EXPECT_EQ(transfers[0].id, id_of(1));
  EXPECT_EQ(transfers[0].transfer_bytes, 3000u);
  EXPECT_STREQ(transfers[0].waits_for, "bytes");
  ASSERT_EQ(transfers[0].sources.size(), 1u);
  EXPECT_EQ(transfers[0].sources[0].first.node, 5u);
}

}  // namespace
}  // namespace obj
