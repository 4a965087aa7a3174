// SPDX-License-Identifier: Apache-2.0
// tests/sim/sim_pulls_test.cc -- whole stories in a simulated cluster: real pull managers, real
// bytes, and one fault each. The invariants are checked after every event by the simulator itself.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <vector>

#include "tests/seed.hh"
#include "tests/sim/sim_cluster.hh"

namespace obj::sim {
namespace {

constexpr uint64_t kMs = 1'000'000;

ClusterOptions small_cluster(uint32_t nodes) {
  ClusterOptions options;
  options.nodes = nodes;
  options.node.capacity_bytes = 64 * 1024;
  options.node.pull.object_chunk_size = 1024;
  return options;
}

class SimPulls : public testing::Test {
 protected:
  SimCluster& start(const ClusterOptions& options) {
    cluster_.emplace(options, test_seed());
    return *cluster_;
  }
  void TearDown() override {
    if (!cluster_) return;
    EXPECT_FALSE(cluster_->violation().text()) << *cluster_->violation().text();
  }
  static ObjectShape bytes(uint64_t size) { return sim_shape(size, 0, 1); }
  const SimNode::Outcome& outcome(uint32_t node, BundleId bundle) {
    return cluster_->node(node).outcomes().at(bundle);
  }
  bool ended(uint32_t node, BundleId bundle) { return outcome(node, bundle).ended_ns != 0; }
  // Runs until the bundle ended, and fails if it did not.
  void run_to_end(uint32_t node, BundleId bundle, uint64_t duration_ns = 10'000 * kMs) {
    EXPECT_TRUE(cluster_->run_until([&] { return ended(node, bundle); }, duration_ns));
  }
  void expect_done(uint32_t node, BundleId bundle) {
    ASSERT_TRUE(ended(node, bundle));
    EXPECT_FALSE(outcome(node, bundle).failure) << to_text(*outcome(node, bundle).failure);
  }

  std::optional<SimCluster> cluster_;
};

TEST_F(SimPulls, an_object_put_on_one_node_is_read_on_another) {
  SimCluster& cluster = start(small_cluster(2));
  for (const auto& [n, shape] : std::map<uint32_t, ObjectShape>{{1, bytes(20'000)},
                                                                {2, bytes(0)},
                                                                {3, sim_shape(0, 7, 1)},
                                                                {4, sim_shape(1001, 33, 1)}}) {
    ASSERT_TRUE(cluster.node(0).put(sim_id(n), shape));
  }
  const BundleId bundle =
      cluster.node(1).request(PullClass::kGet, {sim_id(1), sim_id(2), sim_id(3), sim_id(4)});
  run_to_end(1, bundle);
  expect_done(1, bundle);
}

TEST_F(SimPulls, a_get_before_the_put_is_answered_after_it) {
  SimCluster& cluster = start(small_cluster(2));
  const BundleId bundle = cluster.node(1).request(PullClass::kGet, {sim_id(1)});
  cluster.run_for(5000 * kMs);
  EXPECT_FALSE(ended(1, bundle));
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(5000)));
  run_to_end(1, bundle);
  expect_done(1, bundle);
}

TEST_F(SimPulls, a_location_that_arrives_after_a_cancel_leaves_nothing_behind) {
  SimCluster& cluster = start(small_cluster(2));
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(5000)));
  const BundleId bundle = cluster.node(1).request(PullClass::kGet, {sim_id(1)});
  cluster.node(1).cancel(bundle);
  cluster.run_for(1000 * kMs);
  EXPECT_TRUE(cluster.node(1).is_idle());
  EXPECT_EQ(cluster.fabric().reads_posted(), 0u);
  EXPECT_EQ(cluster.directory().subscriptions(), 0u);
}

TEST_F(SimPulls, a_thousand_gets_of_one_object_are_one_transfer) {
  SimCluster& cluster = start(small_cluster(2));
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(10'000)));
  for (int i = 0; i < 1000; i++) cluster.node(1).request(PullClass::kGet, {sim_id(1)});
  EXPECT_TRUE(
      cluster.run_until([&] { return cluster.node(1).bundles_done() == 1000; }, 5000 * kMs));
  EXPECT_EQ(cluster.fabric().reads_posted(), 10u);
}

// The reuse hazard: the source evicts and reuses the memory while it is being read.
TEST_F(SimPulls, memory_reused_under_a_read_never_becomes_visible) {
  ClusterOptions options = small_cluster(2);
  options.fabric.bytes_per_s = 2'000'000;  // 10 ms for the object
  SimCluster& cluster = start(options);
  uint64_t finished = 0;
  for (int round = 0; round < 200; round++) {
    ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(20'000)));
    const BundleId bundle = cluster.node(1).request(PullClass::kGet, {sim_id(1)});
    cluster.run_for(cluster.jitter().between(0, 12 * kMs));
    // Other bytes at the same place, in the same instant.
    cluster.node(0).drop(sim_id(1));
    ASSERT_TRUE(cluster.node(0).put(sim_id(2), bytes(20'000)));
    cluster.run_for(30 * kMs);
    if (ended(1, bundle)) finished++;
    cluster.node(1).cancel(bundle);
    cluster.run_for(100 * kMs);
    cluster.node(0).drop(sim_id(2));
    cluster.node(1).drop(sim_id(1));
    cluster.run_for(10 * kMs);
    ASSERT_FALSE(cluster.violation().text()) << "round " << round;
  }
  // Both outcomes must have been met, or the test shows nothing.
  EXPECT_GT(finished, 0u);
  EXPECT_LT(finished, 200u);
}

TEST_F(SimPulls, a_source_killed_in_the_middle_is_replaced_by_another_holder) {
  ClusterOptions options = small_cluster(3);
  options.fabric.bytes_per_s = 1'000'000;
  SimCluster& cluster = start(options);
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(50'000)));
  ASSERT_TRUE(cluster.node(1).put(sim_id(1), bytes(50'000)));
  const BundleId bundle = cluster.node(2).request(PullClass::kGet, {sim_id(1)});
  cluster.run_for(15 * kMs);
  ASSERT_FALSE(ended(2, bundle));
  cluster.kill(0);
  run_to_end(2, bundle);
  expect_done(2, bundle);
}

TEST_F(SimPulls, without_another_holder_the_error_names_the_node_within_two_seconds) {
  ClusterOptions options = small_cluster(2);
  options.fabric.bytes_per_s = 1'000'000;
  SimCluster& cluster = start(options);
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(50'000)));
  const SourceNode source = cluster.node(0).self();
  const BundleId bundle = cluster.node(1).request(PullClass::kGet, {sim_id(1)});
  cluster.run_for(15 * kMs);
  cluster.kill(0);
  const uint64_t killed_ns = cluster.now_ns();
  run_to_end(1, bundle);
  ASSERT_TRUE(outcome(1, bundle).failure);
  EXPECT_EQ(outcome(1, bundle).failure->error.code, ErrorCode::kDisconnected);
  EXPECT_EQ(outcome(1, bundle).failure->node, source);
  EXPECT_LE(outcome(1, bundle).ended_ns - killed_ns, options.death_noticed_ns + 2000 * kMs);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.node(1).is_idle(); }, 5000 * kMs));
}

// It is alive, and says nothing. What is posted there must be hurried, and read elsewhere.
TEST_F(SimPulls, a_frozen_source_costs_a_timeout_and_not_the_pull) {
  ClusterOptions options = small_cluster(3);
  options.node.pull.pull_timeout_ms = 500;
  options.fabric.bytes_per_s = 1'000'000;
  SimCluster& cluster = start(options);
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(50'000)));
  ASSERT_TRUE(cluster.node(1).put(sim_id(1), bytes(50'000)));
  const BundleId bundle = cluster.node(2).request(PullClass::kGet, {sim_id(1)});
  cluster.run_for(10 * kMs);
  cluster.freeze(0, 60'000 * kMs);
  run_to_end(2, bundle, 2000 * kMs);
  expect_done(2, bundle);
}

TEST_F(SimPulls, a_source_that_refuses_for_a_while_is_asked_again_with_growing_delays) {
  SimCluster& cluster = start(small_cluster(2));
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(1000)));
  cluster.refuse(0, 10'000 * kMs);
  const BundleId bundle = cluster.node(1).request(PullClass::kGet, {sim_id(1)});
  run_to_end(1, bundle, 20'000 * kMs);
  expect_done(1, bundle);
  // 50 ms doubling to 5 s, at least half of each: 10 s hold no more than this.
  EXPECT_LE(cluster.fabric().reads_posted(), 12u);
  EXPECT_GE(cluster.fabric().reads_posted(), 6u);
}

TEST_F(SimPulls, a_slow_source_delays_no_object_that_a_fast_one_has_too) {
  ClusterOptions options = small_cluster(3);
  options.fabric.bytes_per_s = 10'000'000;
  SimCluster& cluster = start(options);
  cluster.set_slowness(0, 1000);
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(50'000)));
  ASSERT_TRUE(cluster.node(1).put(sim_id(1), bytes(50'000)));
  const BundleId bundle = cluster.node(2).request(PullClass::kGet, {sim_id(1)});
  run_to_end(2, bundle);
  expect_done(2, bundle);
  // Two chunks to try the slow one out: 0.2 s. A fair half of the object would take 2.5 s.
  EXPECT_LE(outcome(2, bundle).ended_ns - outcome(2, bundle).started_ns, 400 * kMs);
}

TEST_F(SimPulls, a_restarted_source_is_another_source) {
  ClusterOptions options = small_cluster(2);
  options.fabric.bytes_per_s = 1'000'000;
  SimCluster& cluster = start(options);
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(40'000)));
  const BundleId bundle = cluster.node(1).request(PullClass::kGet, {sim_id(1)});
  cluster.run_for(10 * kMs);
  cluster.kill(0);
  cluster.restart(0);
  // The same slot, the same generation, the same offset, and other bytes.
  ASSERT_TRUE(cluster.node(0).put(sim_id(2), bytes(40'000)));
  cluster.run_for(500 * kMs);
  cluster.node(0).drop(sim_id(2));
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(40'000)));
  run_to_end(1, bundle);
}

TEST_F(SimPulls, an_id_put_on_two_nodes_at_once_is_read_whole_as_one_of_the_two) {
  ClusterOptions options = small_cluster(4);
  options.fabric.bytes_per_s = 5'000'000;
  SimCluster& cluster = start(options);
  const BundleId early = cluster.node(2).request(PullClass::kGet, {sim_id(1)});
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), sim_shape(30'000, 0, 1)));
  ASSERT_TRUE(cluster.node(1).put(sim_id(1), sim_shape(30'000, 0, 2)));
  const BundleId late = cluster.node(3).request(PullClass::kGet, {sim_id(1)});
  run_to_end(2, early);
  run_to_end(3, late);
  expect_done(2, early);
  expect_done(3, late);
}

TEST_F(SimPulls, a_lying_directory_costs_time_and_no_wrong_byte) {
  ClusterOptions options = small_cluster(3);
  options.directory.lie_one_in = 2;
  SimCluster& cluster = start(options);
  for (uint32_t n = 0; n < 50; n++) {
    ASSERT_TRUE(cluster.node(n % 2).put(sim_id(n), bytes(n * 37)));
    const BundleId bundle = cluster.node(2).request(PullClass::kGet, {sim_id(n)});
    run_to_end(2, bundle, 20'000 * kMs);
    expect_done(2, bundle);
    cluster.node(n % 2).drop(sim_id(n));
    cluster.node(2).drop(sim_id(n));
  }
}

TEST_F(SimPulls, an_object_being_made_again_is_waited_for_while_others_run) {
  ClusterOptions options = small_cluster(3);
  SimCluster& cluster = start(options);
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(40'000)));
  cluster.run_for(100 * kMs);  // a report that arrives later would end the making
  cluster.directory().set_being_made(sim_id(1), true);
  const BundleId lost = cluster.node(2).request(PullClass::kGet, {sim_id(1)});
  ASSERT_TRUE(cluster.node(1).put(sim_id(2), bytes(40'000)));
  const BundleId other = cluster.node(2).request(PullClass::kGet, {sim_id(2)});
  run_to_end(2, other);
  expect_done(2, other);
  EXPECT_FALSE(ended(2, lost));
  cluster.directory().set_being_made(sim_id(1), false);
  run_to_end(2, lost);
  expect_done(2, lost);
}

// Each bundle fits; two at once do not. If each got half of what it needs, both would wait for
// ever.
TEST_F(SimPulls, bundles_that_do_not_fit_together_run_one_after_the_other) {
  SimCluster& cluster = start(small_cluster(2));
  std::vector<BundleId> bundles;
  for (uint32_t n = 0; n < 10; n++) ASSERT_TRUE(cluster.node(0).put(sim_id(n), bytes(6000)));
  for (uint32_t first = 0; first < 10; first++) {
    std::vector<ObjectId> ids;
    for (uint32_t i = 0; i < 7; i++) ids.push_back(sim_id((first + i) % 10));
    bundles.push_back(cluster.node(1).request(kAllPullClasses[first % kPullClasses], ids));
  }
  EXPECT_TRUE(
      cluster.run_until([&] { return cluster.node(1).bundles_done() == 10; }, 60'000 * kMs));
}

// Of a node that can hold one and a half bundles of ten objects.
TEST_F(SimPulls, a_node_that_can_hold_one_and_a_half_bundles_runs_ten_to_the_end) {
  ClusterOptions options = small_cluster(4);
  options.node.capacity_bytes = 48 * 1024;
  SimCluster& cluster = start(options);
  for (uint32_t n = 0; n < 30; n++) {
    ASSERT_TRUE(cluster.node(n % 3).put(sim_id(n), bytes(3200)));
  }
  for (uint32_t bundle = 0; bundle < 10; bundle++) {
    std::vector<ObjectId> ids;
    for (uint32_t i = 0; i < 10; i++) ids.push_back(sim_id((bundle * 7 + i) % 30));
    cluster.node(3).request(PullClass::kGet, ids);
  }
  EXPECT_TRUE(
      cluster.run_until([&] { return cluster.node(3).bundles_done() == 10; }, 60'000 * kMs));
}

TEST_F(SimPulls, a_bundle_larger_than_the_arena_fails_and_names_the_capacity) {
  SimCluster& cluster = start(small_cluster(4));
  std::vector<ObjectId> ids;
  for (uint32_t n = 0; n < 3; n++) {
    ASSERT_TRUE(cluster.node(n).put(sim_id(n), bytes(30'000)));
    ids.push_back(sim_id(n));
  }
  const BundleId bundle = cluster.node(3).request(PullClass::kGet, ids);
  run_to_end(3, bundle);
  ASSERT_TRUE(outcome(3, bundle).failure);
  EXPECT_EQ(outcome(3, bundle).failure->error.code, ErrorCode::kTooLarge);
  EXPECT_EQ(outcome(3, bundle).failure->capacity_bytes, 64u * 1024);
}

TEST_F(SimPulls, a_get_beside_a_large_prefetch_does_not_wait_for_it) {
  ClusterOptions options = small_cluster(2);
  options.node.capacity_bytes = 1 << 20;
  options.node.pull.prefetch_bytes_in_flight_max = 16 * 1024;
  options.fabric.bytes_per_s = 1'000'000;
  SimCluster& cluster = start(options);
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(700'000)));
  ASSERT_TRUE(cluster.node(0).put(sim_id(2), bytes(1000)));
  const BundleId prefetch = cluster.node(1).request(PullClass::kPrefetch, {sim_id(1)});
  cluster.run_for(100 * kMs);
  const BundleId get = cluster.node(1).request(PullClass::kGet, {sim_id(2)});
  run_to_end(1, get);
  expect_done(1, get);
  // What prefetches may have in flight takes 16 ms. Once the read stands behind it, once the check
  // that follows; the whole prefetch takes 700 ms.
  EXPECT_LE(outcome(1, get).ended_ns - outcome(1, get).started_ns, 2 * 16 * kMs + 8 * kMs);
  EXPECT_FALSE(ended(1, prefetch));
}

TEST_F(SimPulls, a_bandwidth_limit_is_kept) {
  ClusterOptions options = small_cluster(2);
  options.node.capacity_bytes = 4 << 20;
  SimCluster& cluster = start(options);
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(3'000'000)));
  cluster.node(1).set_bandwidth(500'000);
  const BundleId bundle = cluster.node(1).request(PullClass::kGet, {sim_id(1)});
  cluster.run_for(5000 * kMs);
  EXPECT_NEAR(static_cast<double>(cluster.fabric().bytes_read_from(0)), 2.5e6, 0.05 * 2.5e6);
  run_to_end(1, bundle);
  EXPECT_NEAR(static_cast<double>(outcome(1, bundle).ended_ns - outcome(1, bundle).started_ns), 6e9,
              0.05 * 6e9);
}

// Readers become sources while they still read: the first holder does not send it all to everyone.
TEST_F(SimPulls, partial_copies_serve_later_readers) {
  ClusterOptions options = small_cluster(10);
  options.node.capacity_bytes = 1 << 20;
  options.fabric.bytes_per_s = 1'000'000;
  SimCluster& cluster = start(options);
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), bytes(500'000)));
  for (uint32_t reader = 1; reader < 10; reader++) {
    cluster.node(reader).request(PullClass::kGet, {sim_id(1)});
    cluster.run_for(20 * kMs);
  }
  const auto all_have_it = [&] {
    for (uint32_t reader = 1; reader < 10; reader++) {
      if (!cluster.node(reader).has(sim_id(1))) return false;
    }
    return true;
  };
  EXPECT_TRUE(cluster.run_until(all_have_it, 20'000 * kMs));
  EXPECT_LT(cluster.fabric().bytes_read_from(0), 3'000'000u);
}

}  // namespace
}  // namespace obj::sim
