// SPDX-License-Identifier: Apache-2.0
// tests/sim/sim_scale_test.cc -- a thousand nodes and few objects, some nodes dying meanwhile.
#include <gtest/gtest.h>

#include "tests/seed.hh"
#include "tests/sim/sim_cluster.hh"

namespace obj::sim {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint32_t kNodes = 1000;

ClusterOptions large_cluster() {
  ClusterOptions options;
  options.nodes = kNodes;
  options.node.capacity_bytes = 8 * 1024;
  options.node.pull.object_chunk_size = 512;
  options.directory.flush_ns_max = 20 * kMs;
  options.message_ns_max = 2 * kMs;
  return options;
}

TEST(SimScale, a_thousand_nodes_read_one_object_while_some_of_them_die) {
  SimCluster cluster(large_cluster(), test_seed());
  ASSERT_TRUE(cluster.node(0).put(sim_id(1), sim_shape(4000, 50, 1)));
  for (uint32_t number = 1; number < kNodes; number++) {
    cluster.node(number).request(PullClass::kGet, {sim_id(1)});
  }
  cluster.run_for(3 * kMs);
  for (uint32_t number = 100; number < kNodes; number += 100) cluster.kill(number);
  const auto all_have_it = [&] {
    for (uint32_t number = 1; number < kNodes; number++) {
      if (cluster.node(number).is_up() && !cluster.node(number).has(sim_id(1))) return false;
    }
    return true;
  };
  EXPECT_TRUE(cluster.run_until(all_have_it, 30'000 * kMs, 10 * kMs));
  cluster.run_for(3000 * kMs);
  EXPECT_EQ(cluster.directory().subscriptions(), 0u);
  EXPECT_FALSE(cluster.violation().text()) << *cluster.violation().text();
}

TEST(SimScale, a_thousand_nodes_exchange_their_objects) {
  SimCluster cluster(large_cluster(), test_seed());
  for (uint32_t number = 0; number < kNodes; number++) {
    ASSERT_TRUE(cluster.node(number).put(sim_id(number), sim_shape(900, 0, 1)));
  }
  for (uint32_t number = 0; number < kNodes; number++) {
    cluster.node(number).request(
        PullClass::kGet, {sim_id((number + 1) % kNodes), sim_id((number * 7 + 3) % kNodes)});
  }
  const auto all_done = [&] {
    for (uint32_t number = 0; number < kNodes; number++) {
      if (cluster.node(number).bundles_done() == 0) return false;
    }
    return true;
  };
  EXPECT_TRUE(cluster.run_until(all_done, 30'000 * kMs, 10 * kMs));
  EXPECT_FALSE(cluster.violation().text()) << *cluster.violation().text();
}

}  // namespace
}  // namespace obj::sim
