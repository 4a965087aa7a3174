// SPDX-License-Identifier: Apache-2.0
// tests/sim/whole_cluster_test.cc -- several nodes with all their real decisions: what clients see.
#include "tests/sim/whole_cluster.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/seed.hh"

namespace obj::sim {
namespace {

using session::Outcome;

constexpr int32_t kPatienceMs = 20'000;
#if defined(SIM_SANITIZED)
constexpr uint64_t kRandomRuns = 4;
constexpr uint32_t kReuseRounds = 15;
#else
constexpr uint64_t kRandomRuns = 40;
constexpr uint32_t kReuseRounds = 200;
#endif

class WholeClusterTest : public ::testing::Test {
 protected:
  void start(uint32_t nodes, const WholeNodeOptions& options = {}) {
    for (uint32_t number = 1; number <= nodes; number++) cluster_.start_node(number, options);
    ASSERT_TRUE(cluster_.settle());
  }
  void put(uint32_t node, uint32_t id, size_t bytes, uint32_t version = 0) {
    ASSERT_TRUE(cluster_.node(node).put(whole_id(id), whole_content(id, bytes, version)));
    ASSERT_TRUE(cluster_.settle());
  }
  uint32_t get(uint32_t node, uint32_t id, int32_t timeout_ms = kPatienceMs, bool more = false) {
    return cluster_.node(node).ask(op::Get{whole_id(id), timeout_ms, next_cell_++, more});
  }
  Outcome outcome(uint32_t node, uint32_t tag) {
    EXPECT_TRUE(cluster_.run_until([&] { return cluster_.node(node).answer(tag) != nullptr; }));
    const auto* const answer = cluster_.node(node).answer(tag);
    return answer == nullptr ? Outcome::kNoRoom : answer->completion.outcome;
  }
  std::string detail(uint32_t node, uint32_t tag) {
    return cluster_.node(node).answer(tag)->detail;
  }
  bool is_content(uint32_t node, uint32_t tag, uint32_t id, uint32_t version = 0) {
    const auto bytes = cluster_.node(node).bytes(*cluster_.node(node).answer(tag));
    const auto content = whole_content(id, bytes.size(), version);
    return std::ranges::equal(bytes, content);
  }
  void get_and_check(uint32_t node, uint32_t id) {
    const uint32_t cell = next_cell_;
    const uint32_t tag = get(node, id);
    ASSERT_EQ(outcome(node, tag), Outcome::kOk) << detail(node, tag);
    EXPECT_TRUE(is_content(node, tag, id));
    cluster_.node(node).release(cell);
  }
  bool holds(uint32_t node, uint32_t id) {
    return cluster_.node(node).store.describe(whole_id(id)).has_value();
  }
  uint64_t reads_started(uint32_t node) { return cluster_.node(node).objects.reads_in_flight(); }

  WholeCluster cluster_;
  uint32_t next_cell_ = 0;
};

TEST_F(WholeClusterTest, an_object_put_on_one_node_is_got_on_another) {
  start(2);
  put(1, 7, 10'000);
  get_and_check(2, 7);
  const auto copy = cluster_.node(2).store.describe(whole_id(7));
  ASSERT_TRUE(copy.has_value());
  EXPECT_EQ(copy->placement.role, CopyRole::kSecondary);
}

TEST_F(WholeClusterTest, the_same_over_a_data_plane_that_proves_nothing) {
  cluster_.fabric.proves = false;
  start(2);
  put(1, 7, 10'000);
  get_and_check(2, 7);
}

TEST_F(WholeClusterTest, an_empty_object_comes_as_well) {
  start(2);
  put(1, 7, 0);
  get_and_check(2, 7);
}

TEST_F(WholeClusterTest, a_get_that_is_asked_before_the_put_is_answered_by_it) {
  start(2);
  const uint32_t tag = get(2, 7);
  cluster_.run_ms(50);
  EXPECT_EQ(cluster_.node(2).answer(tag), nullptr);
  put(1, 7, 100);
  EXPECT_EQ(outcome(2, tag), Outcome::kOk);
}

TEST_F(WholeClusterTest, what_exists_nowhere_is_not_found_when_the_time_is_over) {
  start(2);
  const uint64_t asked_ns = cluster_.now_ns();
  const uint32_t tag = get(2, 7, 500);
  EXPECT_EQ(outcome(2, tag), Outcome::kNotFound);
  EXPECT_GE(cluster_.now_ns() - asked_ns, 500'000'000u);
}

TEST_F(WholeClusterTest, a_poll_asks_this_node_only) {
  start(2);
  put(1, 7, 100);
  EXPECT_EQ(outcome(2, get(2, 7, 0)), Outcome::kNotFound);
}

TEST_F(WholeClusterTest, without_a_directory_a_get_times_out_and_says_why) {
  start(2);
  cluster_.kill_directory();
  cluster_.run_ms(5'000);
  const uint32_t tag = get(2, 7, 500);
  EXPECT_EQ(outcome(2, tag), Outcome::kTimeout);
  EXPECT_NE(detail(2, tag).find("directory"), std::string::npos) << detail(2, tag);
}

TEST_F(WholeClusterTest, a_get_survives_a_restart_of_the_directory) {
  start(2);
  put(1, 7, 5'000);
  cluster_.kill_directory();
  const uint32_t tag = get(2, 7);
  cluster_.run_ms(2'000);
  cluster_.start_directory();
  EXPECT_EQ(outcome(2, tag), Outcome::kOk);
  EXPECT_TRUE(is_content(2, tag, 7));
}

TEST_F(WholeClusterTest, many_gets_of_one_object_are_one_transfer) {
  start(2);
  put(1, 7, 20'000);
  std::vector<uint32_t> tags;
  for (int i = 0; i < 1000; i++) tags.push_back(get(2, 7));
  size_t most_pulls = 0;
  cluster_.run_until([&] {
    most_pulls = std::max(most_pulls, cluster_.node(2).objects.pulls().running_pulls());
    return cluster_.node(2).answer(tags.back()) != nullptr;
  });
  for (const uint32_t tag : tags) EXPECT_EQ(outcome(2, tag), Outcome::kOk);
  EXPECT_EQ(most_pulls, 1u);
  EXPECT_EQ(cluster_.node(2).store.ledger().sealed.objects, 1u);
}

TEST_F(WholeClusterTest, a_multi_get_is_one_bundle) {
  start(2);
  std::vector<uint32_t> tags;
  for (uint32_t id = 0; id < 10; id++) put(1, id, 500);
  for (uint32_t id = 0; id < 10; id++) tags.push_back(get(2, id, kPatienceMs, id < 9));
  for (uint32_t id = 0; id < 10; id++) {
    EXPECT_EQ(outcome(2, tags[id]), Outcome::kOk);
    EXPECT_TRUE(is_content(2, tags[id], id));
  }
}

TEST_F(WholeClusterTest, one_lost_object_of_a_multi_get_does_not_cost_the_others) {
  start(3);
  put(1, 1, 500);
  put(3, 2, 500);
  cluster_.node(3).freeze(true);
  const uint32_t first = get(2, 1, kPatienceMs, true);
  const uint32_t second = get(2, 2, kPatienceMs, false);
  cluster_.run_ms(1);
  cluster_.kill_node(3);
  EXPECT_EQ(outcome(2, first), Outcome::kOk);
  const Outcome lost = outcome(2, second);
  EXPECT_TRUE(lost == Outcome::kUnavailable || lost == Outcome::kNotFound)
      << static_cast<int>(lost);
}

TEST_F(WholeClusterTest, a_source_that_dies_is_replaced_by_another_holder) {
  WholeNodeOptions options;
  options.pull.object_chunk_size = 1'000;
  start(3, options);
  put(1, 7, 30'000);
  get_and_check(2, 7);
  ASSERT_TRUE(cluster_.settle());
  const uint32_t tag = get(3, 7);
  cluster_.run_until([&] { return cluster_.node(3).objects.reads_in_flight() > 0; });
  cluster_.kill_node(1);
  EXPECT_EQ(outcome(3, tag), Outcome::kOk);
  EXPECT_TRUE(is_content(3, tag, 7));
}

TEST_F(WholeClusterTest, the_death_of_the_only_source_is_an_error_that_names_it) {
  WholeNodeOptions options;
  options.pull.object_chunk_size = 100;
  options.pull.max_bytes_in_flight = 200;
  start(2, options);
  put(1, 7, 30'000);
  const uint32_t tag = get(2, 7);
  cluster_.run_until([&] { return cluster_.node(2).objects.reads_in_flight() > 0; });
  cluster_.kill_node(1);
  const uint64_t died_ns = cluster_.now_ns();
  EXPECT_EQ(outcome(2, tag), Outcome::kUnavailable);
  EXPECT_NE(detail(2, tag).find("node 1"), std::string::npos) << detail(2, tag);
  // A lease and the grace period.
  EXPECT_LE(cluster_.now_ns() - died_ns, 3'500'000'000u);
}

TEST_F(WholeClusterTest, delete_reaches_every_holder_and_nobody_else) {
  start(3);
  put(1, 7, 500);
  put(3, 8, 500);
  get_and_check(2, 7);
  ASSERT_TRUE(cluster_.settle());
  const uint32_t tag = cluster_.node(3).ask(op::Delete{whole_id(7)});
  EXPECT_EQ(outcome(3, tag), Outcome::kOk);
  cluster_.run_ms(50);
  EXPECT_FALSE(holds(1, 7));
  EXPECT_FALSE(holds(2, 7));
  EXPECT_TRUE(holds(3, 8));
  EXPECT_EQ(outcome(2, get(2, 7, 200)), Outcome::kNotFound);
}

TEST_F(WholeClusterTest, a_deleted_id_can_be_put_again_elsewhere) {
  start(3);
  put(1, 7, 500, 0);
  get_and_check(2, 7);
  ASSERT_TRUE(cluster_.settle());
  EXPECT_EQ(outcome(1, cluster_.node(1).ask(op::Delete{whole_id(7)})), Outcome::kOk);
  put(3, 7, 700, 1);
  const uint32_t tag = get(2, 7);
  ASSERT_EQ(outcome(2, tag), Outcome::kOk);
  EXPECT_TRUE(is_content(2, tag, 7, 1));
}

TEST_F(WholeClusterTest, a_delete_without_a_directory_says_that_copies_may_remain) {
  start(2);
  put(1, 7, 500);
  cluster_.kill_directory();
  cluster_.run_ms(100);
  const uint32_t tag = cluster_.node(1).ask(op::Delete{whole_id(7)});
  EXPECT_EQ(outcome(1, tag), Outcome::kUnavailable);
  EXPECT_NE(detail(1, tag).find("directory"), std::string::npos);
  EXPECT_FALSE(holds(1, 7));
}

TEST_F(WholeClusterTest, two_puts_of_one_id_give_each_reader_one_of_them_whole) {
  start(3);
  ASSERT_TRUE(cluster_.node(1).put(whole_id(7), whole_content(7, 5'000, 1)));
  ASSERT_TRUE(cluster_.node(2).put(whole_id(7), whole_content(7, 5'000, 2)));
  ASSERT_TRUE(cluster_.settle());
  const uint32_t tag = get(3, 7);
  ASSERT_EQ(outcome(3, tag), Outcome::kOk);
  EXPECT_NE(is_content(3, tag, 7, 1), is_content(3, tag, 7, 2));
}

TEST_F(WholeClusterTest, a_prefetched_object_is_here_without_a_get) {
  start(2);
  put(1, 7, 500);
  put(1, 8, 500);
  auto& node = cluster_.node(2);
  const uint32_t first = node.ask(op::Prefetch{whole_id(7), kPatienceMs, true});
  const uint32_t second = node.ask(op::Prefetch{whole_id(8), kPatienceMs, false});
  EXPECT_EQ(outcome(2, first), Outcome::kOk);
  EXPECT_EQ(outcome(2, second), Outcome::kOk);
  EXPECT_TRUE(cluster_.run_until([&] { return holds(2, 7) && holds(2, 8); }));
}

TEST_F(WholeClusterTest, a_prefetch_of_what_never_comes_ends) {
  start(2);
  cluster_.node(2).ask(op::Prefetch{whole_id(7), 300, false});
  cluster_.run_ms(100);
  EXPECT_EQ(cluster_.node(2).objects.pulls().wanted_objects(), 1u);
  cluster_.run_ms(400);
  EXPECT_EQ(cluster_.node(2).objects.pulls().wanted_objects(), 0u);
}

TEST_F(WholeClusterTest, a_push_brings_the_object_to_the_target_once) {
  start(2);
  put(1, 7, 500);
  std::vector<uint32_t> tags;
  for (int i = 0; i < 10; i++) tags.push_back(cluster_.node(1).ask(op::Push{whole_id(7), 2}));
  for (const uint32_t tag : tags) EXPECT_EQ(outcome(1, tag), Outcome::kOk);
  EXPECT_TRUE(cluster_.run_until([&] { return holds(2, 7); }));
  EXPECT_EQ(cluster_.node(2).store.ledger().sealed.objects, 1u);
}

TEST_F(WholeClusterTest, a_push_to_a_node_that_is_not_there_fails_with_its_number) {
  start(1);
  put(1, 7, 500);
  const uint32_t tag = cluster_.node(1).ask(op::Push{whole_id(7), 99});
  EXPECT_EQ(outcome(1, tag), Outcome::kUnavailable);
  EXPECT_NE(detail(1, tag).find("99"), std::string::npos) << detail(1, tag);
}

TEST_F(WholeClusterTest, secondary_copies_make_room_before_any_primary) {
  start(2);
  put(2, 100, 20'000);  // the coldest
  for (uint32_t id = 0; id < 4; id++) put(1, id, 10'000);
  for (uint32_t id = 0; id < 4; id++) get_and_check(2, id);
  put(2, 101, 20'000);
  EXPECT_TRUE(holds(2, 100));
}

TEST_F(WholeClusterTest, an_object_larger_than_the_arena_is_refused_with_the_sizes) {
  WholeNodeOptions large;
  large.arena_bytes = 256 * 1024;
  cluster_.start_node(1, large);
  cluster_.start_node(2);
  ASSERT_TRUE(cluster_.settle());
  put(1, 7, 100'000);
  const uint32_t tag = get(2, 7);
  EXPECT_EQ(outcome(2, tag), Outcome::kTooLarge);
  EXPECT_FALSE(detail(2, tag).empty());
}

TEST_F(WholeClusterTest, a_remote_object_comes_although_the_arena_is_full_of_primaries) {
  WholeNodeOptions options;
  options.arena_bytes = 75 * 1024;
  start(2, options);
  put(1, 7, 40 * 1024);
  put(2, 8, 40 * 1024);
  get_and_check(2, 7);
}

TEST_F(WholeClusterTest, ten_bundles_run_to_the_end_where_one_and_a_half_fit) {
  WholeNodeOptions large;
  large.arena_bytes = 1024 * 1024;
  cluster_.start_node(1, large);
  cluster_.start_node(2, {.arena_bytes = 60 * 1024, .slots = 256, .pull = {}});
  ASSERT_TRUE(cluster_.settle());
  constexpr uint32_t kBundles = 10;
  constexpr uint32_t kEach = 10;
  for (uint32_t id = 0; id < kBundles * kEach; id++) put(1, id, 4'096);
  std::vector<std::vector<uint32_t>> tags(kBundles);
  std::vector<uint32_t> first_cell(kBundles);
  for (uint32_t bundle = 0; bundle < kBundles; bundle++) {
    first_cell[bundle] = next_cell_;
    for (uint32_t i = 0; i < kEach; i++) {
      tags[bundle].push_back(get(2, bundle * kEach + i, kPatienceMs, i + 1 < kEach));
    }
  }
  std::set<uint32_t> released;
  EXPECT_TRUE(cluster_.run_until([&] {
    for (uint32_t bundle = 0; bundle < kBundles; bundle++) {
      const bool all = std::ranges::all_of(
          tags[bundle], [&](uint32_t tag) { return cluster_.node(2).answer(tag) != nullptr; });
      if (!all || !released.insert(bundle).second) continue;
      for (uint32_t i = 0; i < kEach; i++) {
        EXPECT_EQ(outcome(2, tags[bundle][i]), Outcome::kOk);
        EXPECT_TRUE(is_content(2, tags[bundle][i], bundle * kEach + i));
        cluster_.node(2).release(first_cell[bundle] + i);
      }
    }
    return released.size() == kBundles;
  }));
}

TEST_F(WholeClusterTest, a_cancelled_get_ends_the_pull_and_leaks_nothing) {
  WholeNodeOptions options;
  options.pull.object_chunk_size = 100;
  options.pull.max_bytes_in_flight = 200;
  start(2, options);
  put(1, 7, 30'000);
  const uint32_t tag = get(2, 7);
  cluster_.run_until([&] { return cluster_.node(2).objects.reads_in_flight() > 0; });
  cluster_.node(2).ask(op::Cancel{tag});
  EXPECT_EQ(outcome(2, tag), Outcome::kCancelled);
  EXPECT_TRUE(cluster_.run_until([&] {
    auto& node = cluster_.node(2);
    return node.objects.pulls().wanted_objects() == 0 && node.objects.reads_in_flight() == 0 &&
           node.store.ledger().unsealed.objects == 0;
  }));
}

TEST_F(WholeClusterTest, a_client_that_goes_away_takes_its_wishes_along) {
  start(2);
  for (uint32_t id = 0; id < 20; id++) get(2, id, -1, id % 5 != 4);
  cluster_.run_ms(20);
  EXPECT_EQ(cluster_.node(2).objects.pulls().wanted_objects(), 20u);
  cluster_.node(2).service.end_session(1);
  cluster_.run_ms(20);
  EXPECT_EQ(cluster_.node(2).objects.pulls().wanted_objects(), 0u);
}

// The owner's process is stopped while its card would still serve reads; it evicts and reuses the
// memory when it goes on. No check passes for bytes that changed.
TEST_F(WholeClusterTest, memory_that_is_reused_under_a_read_never_becomes_visible) {
  cluster_.fabric.proves = false;
  cluster_.fabric.steps_max = 40;
  WholeNodeOptions options;
  options.pull.object_chunk_size = 2'000;
  start(2, options);
  for (uint32_t round = 0; round < kReuseRounds; round++) {
    const uint32_t id = 1000 + round;
    put(1, id, 20'000);
    const uint32_t cell = next_cell_;
    const uint32_t tag = get(2, id, 500);
    cluster_.run_ms(round % 5);
    // What is read goes, and its memory is filled with something else at once.
    cluster_.node(1).store.remove(whole_id(id));
    cluster_.node(1).put(whole_id(5'000 + round), whole_content(5'000 + round, 20'000));
    const Outcome got = outcome(2, tag);
    if (got == Outcome::kOk) {
      EXPECT_TRUE(is_content(2, tag, id)) << "round " << round;
    }
    cluster_.node(2).release(cell);
    cluster_.node(2).store.remove(whole_id(id));
    cluster_.node(1).store.remove(whole_id(5'000 + round));
  }
}

// Everything at once: what is answered is right, everything ends, and nothing is left over.
TEST(WholeClusterRandom, random_runs) {
  const uint64_t first_seed = test_seed();
  for (uint64_t run = 0; run < kRandomRuns; run++) {
    const uint64_t seed = first_seed + run;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    WholeCluster cluster(seed);
    cluster.fabric.proves = run % 2 == 0;
    cluster.fabric.failures_per_1000 = 20;
    constexpr uint32_t kNodes = 4;
    WholeNodeOptions options;
    options.pull.object_chunk_size = 3'000;
    options.pull.pull_timeout_ms = 500;
    for (uint32_t number = 1; number <= kNodes; number++) cluster.start_node(number, options);
    ASSERT_TRUE(cluster.settle());

    struct Asked {
      uint32_t id;
      uint32_t tag;
      uint32_t cell;
      uint64_t incarnation;
    };
    std::map<uint32_t, std::vector<Asked>> asked;
    uint32_t next_cell = 0;
    const auto size_of = [](uint32_t id) { return size_t{id} * 977 % 15'000; };
    for (int turn = 0; turn < 600; turn++) {
      const auto number = static_cast<uint32_t>(random() % kNodes) + 1;
      WholeNode& node = cluster.node(number);
      const auto id = static_cast<uint32_t>(random() % 30);
      switch (random() % 12) {
        case 0:
        case 1:
        case 2: node.put(whole_id(id), whole_content(id, size_of(id))); break;
        case 3: node.ask(op::Delete{whole_id(id)}); break;
        case 4: node.ask(op::Prefetch{whole_id(id), 500, false}); break;
        case 5:
          if (random() % 10 == 0) {
            cluster.kill_node(number);
            asked.erase(number);
            cluster.start_node(number, options);
          }
          break;
        case 6:
          if (random() % 10 == 0) {
            cluster.kill_directory();
            cluster.run_ms(random() % 300);
            cluster.start_directory();
          }
          break;
        case 7:
          node.ask(op::Push{whole_id(id), 1 + static_cast<uint32_t>(random() % kNodes)});
          break;
        default: {
          const uint32_t cell = next_cell++;
          const uint32_t tag = node.ask(op::Get{whole_id(id), 800, cell, random() % 3 == 0});
          asked[number].push_back({id, tag, cell, node.self().incarnation});
        }
      }
      cluster.run_ms(random() % 10);
      for (auto& [holder, list] : asked) {
        std::erase_if(list, [&](const Asked& one) {
          WholeNode& at = cluster.node(holder);
          const auto* const answer = at.answer(one.tag);
          if (answer == nullptr) return false;
          if (answer->completion.outcome == Outcome::kOk) {
            const auto bytes = at.bytes(*answer);
            EXPECT_TRUE(std::ranges::equal(bytes, whole_content(one.id, size_of(one.id))))
                << "wrong bytes of " << one.id << " on node " << holder;
          }
          at.release(one.cell);
          return true;
        });
      }
    }
    // What was pushed is wanted for a minute.
    cluster.run_ms(2'000);
    cluster.step_ns = 5'000'000;
    cluster.run_ms(70'000);
    for (uint32_t number = 1; number <= kNodes; number++) {
      WholeNode& node = cluster.node(number);
      for (const Asked& one : asked[number]) {
        EXPECT_NE(node.answer(one.tag), nullptr) << "a get never ended";
      }
      EXPECT_EQ(node.objects.reads_in_flight(), 0u);
      EXPECT_EQ(node.objects.pulls().wanted_objects(), 0u);
      EXPECT_EQ(node.store.ledger().unsealed.objects, 0u);
      EXPECT_EQ(node.store.recount(), node.store.ledger());
      node.store.check_invariants();
    }
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace obj::sim
