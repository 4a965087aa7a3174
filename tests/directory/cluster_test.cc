// SPDX-License-Identifier: Apache-2.0
// Server and clients together over a network that cuts, delays and freezes, with processes that are
// killed: once the faults end, everybody knows the truth, every question was answered once, every
// change that was told was one, and nothing is left behind.
#include "tests/directory/fake_cluster.hh"

#include <gtest/gtest.h>

#include "base/log.hh"
#include "tests/seed.hh"

namespace obj::directory {
namespace {

constexpr uint32_t kNodes = 5;
constexpr uint32_t kIds = 12;
constexpr uint64_t kQuietMsMax = 60'000;

// What may go wrong, each with its chance in 10,000 milliseconds.
struct Faults {
  uint32_t cuts_per_1000 = 0;
  uint32_t directory_kills = 0;
  uint32_t directory_freezes = 0;
  uint32_t node_kills = 0;
  uint32_t node_freezes = 0;
};

class Storm {
 public:
  Storm(uint64_t seed, const Faults& faults)
      : cluster_(seed, kNodes, kIds), random_(seed + 1), faults_(faults) {
    cluster_.network.cuts_per_1000 = faults.cuts_per_1000;
  }

  void rage(uint64_t ms) {
    for (; ms > 0 && !testing::Test::HasFailure(); ms--) {
      break_something();
      for (uint64_t times = random_() % 3; times > 0; times--) do_something();
      cluster_.step();
    }
  }

  void settle() {
    cluster_.network.cuts_per_1000 = 0;
    if (!cluster_.has_directory()) cluster_.start_directory();
    cluster_.directory_endpoint().frozen = false;
    for (NodeId id = 1; id <= kNodes; id++) {
      if (!cluster_.nodes.contains(id)) cluster_.start_node(id);
      cluster_.nodes[id]->endpoint.frozen = false;
    }
    ASSERT_TRUE(cluster_.run_until(kQuietMsMax, [&] { return cluster_.quiet(); }));
    cluster_.run_ms(100);  // the last news arrive
    ASSERT_TRUE(cluster_.run_until(kQuietMsMax, [&] { return cluster_.quiet(); }));
  }

  void expect_truth() {
    std::map<ObjectId, Result<Located>> answers;
    FakeNode& asker = *cluster_.nodes[1];
    asker.when_located = [&](const ObjectId& id, const Result<Located>& located) {
      answers.insert_or_assign(id, located);
    };
    for (uint64_t id = 0; id < kIds; id++) asker.lookup(id, cluster_.now_ns + 5000 * kMs);
    ASSERT_TRUE(cluster_.run_until(1000, [&] { return answers.size() == kIds; }));
    asker.when_located = nullptr;
    size_t needed = 0;
    size_t subscriptions = 0;
    for (const auto& [id, located] : answers) {
      expect_true_answer(id, located);
      size_t subscribers = 0;
      for (auto& [node_id, node] : cluster_.nodes) subscribers += expect_told(*node, id, located);
      needed += cluster_.anybody_holds(id) || subscribers > 0;
      subscriptions += subscribers;
    }
    EXPECT_EQ(cluster_.server().state().counts().objects, needed);
    EXPECT_EQ(cluster_.server().state().counts().subscriptions, subscriptions);
  }

 private:
  bool chance(uint32_t in_10000) { return random_() % 10'000 < in_10000; }
  uint64_t any_id() { return random_() % kIds; }

  void break_something() {
    if (cluster_.has_directory()) {
      if (chance(faults_.directory_kills)) cluster_.kill_directory();
    } else if (chance(20)) {
      cluster_.start_directory();
    }
    if (cluster_.has_directory()) {
      bool& frozen = cluster_.directory_endpoint().frozen;
      if (frozen ? chance(10) : chance(faults_.directory_freezes)) frozen = !frozen;
    }
    for (NodeId id = 1; id <= kNodes; id++) {
      const auto node = cluster_.nodes.find(id);
      if (node == cluster_.nodes.end()) {
        if (chance(20)) cluster_.start_node(id);
        continue;
      }
      bool& frozen = node->second->endpoint.frozen;
      if (frozen ? chance(10) : chance(faults_.node_freezes)) frozen = !frozen;
      if (chance(faults_.node_kills)) cluster_.kill_node(id);
    }
  }

  void do_something() {
    const auto found = cluster_.nodes.find(static_cast<NodeId>(random_() % kNodes + 1));
    if (found == cluster_.nodes.end() || found->second->endpoint.frozen) return;
    FakeNode& node = *found->second;
    const uint64_t id = any_id();
    switch (random_() % 12) {
      case 0: return node.subscribe(id);
      case 1: return node.unsubscribe(id);
      case 2:
      case 3: return node.lookup(id, cluster_.now_ns + random_() % 3000 * kMs);
      case 4:
        if (random_() % 8 == 0) node.free(id, cluster_.now_ns + random_() % 3000 * kMs);
        return;
      case 5:
      case 6:
        if (node.holds(id)) node.drop(id_of(id));
        return;
      case 7:
      case 8:
        if (node.holds(id)) node.seal(id);
        return;
      case 9:
        if (!node.holds(id) || random_() % 4 == 0) node.put(id, CopyState::kPartial);
        return;
      default: return pull(node, id);
    }
  }

  // As a pull does: by what the client knows, and checked at the source.
  void pull(FakeNode& node, uint64_t id) {
    const Located* known = node.client.known(id_of(id));
    if (known == nullptr || node.holds(id)) return;
    const Location source = known->copies[random_() % known->copies.size()];
    const ObjectShape shape = known->shape;
    const auto holder = cluster_.nodes.find(source.node.node);
    if (holder != cluster_.nodes.end() && holder->second->ref == source.node) {
      const auto copy = holder->second->held.find(id_of(id));
      if (copy != holder->second->held.end() &&
          copy->second.copy.generation == source.copy.generation) {
        EXPECT_EQ(copy->second.shape, shape) << "a location led to bytes of another put";
        return node.hold(id, shape, CopyState::kPartial);
      }
    }
    node.client.invalidate(id_of(id), source.node);
  }

  void expect_true_answer(const ObjectId& id, const Result<Located>& located) {
    if (!cluster_.anybody_holds(id)) {
      ASSERT_FALSE(located) << "found what nobody holds";
      EXPECT_EQ(located.error().code, ErrorCode::kNotFound);
      return;
    }
    ASSERT_TRUE(located) << to_string(located.error().code) << " although somebody holds it";
    EXPECT_EQ(by_node(*located), cluster_.holders(id, located->shape.origin));
    EXPECT_FALSE(located->copies.empty());
  }

  bool expect_told(FakeNode& node, const ObjectId& id, const Result<Located>& located) {
    if (!node.subscribed.contains(id)) return false;
    const auto told = node.told.find(id);
    EXPECT_NE(told, node.told.end()) << "a subscriber was told nothing";
    if (told == node.told.end()) return true;
    EXPECT_EQ(by_node(told->second), located ? by_node(*located) : by_node({}))
        << "node " << node.ref.node;
    return true;
  }

  FakeCluster cluster_;
  std::mt19937_64 random_;
  Faults faults_;
};

void weather(const Faults& faults, int storms) {
  log::open(log::Level::kError, "/dev/null");
  std::mt19937_64 seeds(test_seed());
  for (int storm = 0; storm < storms && !testing::Test::HasFailure(); storm++) {
    const uint64_t seed = seeds();
    SCOPED_TRACE("storm seed " + std::to_string(seed));
    Storm wild(seed, faults);
    for (int times = 0; times < 3 && !testing::Test::HasFatalFailure(); times++) {
      wild.rage(4000);
      wild.settle();
      if (!testing::Test::HasFatalFailure()) wild.expect_truth();
    }
  }
}

TEST(Cluster, truth_is_known_without_faults) { weather({}, 5); }
TEST(Cluster, truth_is_known_after_connections_were_cut) { weather({.cuts_per_1000 = 5}, 10); }
TEST(Cluster, truth_is_known_after_the_directory_was_restarted) {
  weather({.directory_kills = 5}, 10);
}
TEST(Cluster, truth_is_known_after_nodes_were_restarted) { weather({.node_kills = 5}, 10); }
TEST(Cluster, truth_is_known_after_freezes) {
  weather({.directory_freezes = 4, .node_freezes = 4}, 10);
}
TEST(Cluster, truth_is_known_after_everything_at_once) {
  weather({.cuts_per_1000 = 2,
           .directory_kills = 2,
           .directory_freezes = 2,
           .node_kills = 2,
           .node_freezes = 2},
          15);
}

TEST(Cluster, restarted_directory_never_says_unknown_of_what_is_held) {
  log::open(log::Level::kError, "/dev/null");
  const uint64_t seed = test_seed();
  FakeCluster cluster(seed, kNodes, kIds);
  for (uint32_t id = 0; id < kIds; id++) cluster.nodes[id % kNodes + 1]->put(id);
  ASSERT_TRUE(cluster.run_until(20'000, [&] { return cluster.quiet(); }));
  int found = 0;
  for (auto& [id, node] : cluster.nodes) {
    node->when_located = [&](const ObjectId&, const Result<Located>& located) {
      EXPECT_TRUE(located) << to_string(located.error().code);
      found++;
    };
  }
  for (int restart = 0; restart < 5; restart++) {
    cluster.kill_directory();
    for (auto& [id, node] : cluster.nodes) {
      for (uint64_t wanted = 0; wanted < kIds; wanted++) {
        node->lookup(wanted, cluster.now_ns + 20'000 * kMs);
      }
    }
    cluster.run_ms(500);
    cluster.start_directory();
    ASSERT_TRUE(cluster.run_until(30'000, [&] { return cluster.quiet(); }));
  }
  EXPECT_EQ(found, 5 * static_cast<int>(kNodes * kIds));
}

TEST(Cluster, restart_of_the_directory_is_no_news_to_subscribers) {
  log::open(log::Level::kError, "/dev/null");
  FakeCluster cluster(test_seed(), kNodes, kIds);
  cluster.nodes[1]->put(3);
  cluster.nodes[2]->subscribe(3);
  ASSERT_TRUE(cluster.run_until(20'000, [&] {
    return cluster.quiet() && cluster.nodes[2]->told.contains(id_of(3)) &&
           cluster.nodes[2]->told[id_of(3)].copies.size() == 1;
  }));
  cluster.nodes[2]->told[id_of(3)].copies_known = 77;  // overwritten by any news
  cluster.kill_directory();
  cluster.run_ms(300);
  cluster.start_directory();
  ASSERT_TRUE(cluster.run_until(30'000, [&] { return cluster.quiet(); }));
  cluster.run_ms(1000);
  EXPECT_EQ(cluster.nodes[2]->told[id_of(3)].copies_known, 77u);
}

// Behaviour 41, over messages.
TEST(Cluster, subscribers_hear_that_a_killed_nodes_copies_are_gone) {
  log::open(log::Level::kError, "/dev/null");
  FakeCluster cluster(test_seed(), kNodes, kIds);
  cluster.nodes[1]->put(3);
  cluster.nodes[2]->subscribe(3);
  const auto copies = [&] {
    const auto told = cluster.nodes[2]->told.find(id_of(3));
    return told == cluster.nodes[2]->told.end() ? 99 : told->second.copies.size();
  };
  ASSERT_TRUE(cluster.run_until(20'000, [&] { return copies() == 1; }));
  cluster.kill_node(1);
  EXPECT_TRUE(cluster.run_until(2000, [&] { return copies() == 0; }));
}

}  // namespace
}  // namespace obj::directory
