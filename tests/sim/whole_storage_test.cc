// SPDX-License-Identifier: Apache-2.0
// Goal: what clients see of storage: objects that were spilled are got like any others, byte-exact;
// storage that is full or damaged is an error with a cause; nothing hangs. Method: whole nodes in
// one thread, on a fake network, fake disks and a fake clock.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/seed.hh"
#include "tests/sim/whole_cluster.hh"

namespace obj::sim {
namespace {

using session::Outcome;

constexpr size_t kKiB = 1024;
constexpr uint32_t kNode = 1;

class WholeStorage : public ::testing::Test {
 protected:
  WholeNode& start(uint64_t arena_bytes = 64 * kKiB) {
    WholeNodeOptions options;
    options.arena_bytes = arena_bytes;
    options.disk = &disk;
    WholeNode& started = cluster.start_node(kNode, options);
    EXPECT_TRUE(cluster.settle());
    return started;
  }
  WholeNode& node() { return cluster.node(kNode); }
  // As a client does it: a create that waits for room, and a seal.
  void put(uint32_t id, size_t bytes) {
    const auto& created = await(node().ask(op::Create{whole_id(id), bytes, 0, 10'000}));
    ASSERT_EQ(created.completion.outcome, Outcome::kOk) << id << " " << created.detail;
    const ObjectRef ref{created.completion.slot, created.completion.generation};
    node().fill(created.completion.offset, whole_content(id, bytes));
    const auto& sealed = await(node().ask(op::Seal{ref}));
    ASSERT_EQ(sealed.completion.outcome, Outcome::kOk) << id;
  }
  const FakeClients::Answer& await(uint32_t tag, uint64_t limit_ms = 60'000) {
    EXPECT_TRUE(cluster.run_until([&] { return node().answer(tag) != nullptr; }, limit_ms));
    static const FakeClients::Answer kNone{};
    return node().answer(tag) != nullptr ? *node().answer(tag) : kNone;
  }
  const FakeClients::Answer& get(uint32_t id, uint32_t cell = 0, int32_t timeout_ms = 30'000) {
    return await(node().ask(op::Get{whole_id(id), timeout_ms, cell}));
  }
  void expect_content(uint32_t id, size_t bytes) {
    const FakeClients::Answer& answer = get(id);
    ASSERT_EQ(answer.completion.outcome, Outcome::kOk) << id << " " << answer.detail;
    EXPECT_TRUE(std::ranges::equal(node().bytes(answer), whole_content(id, bytes))) << id;
    node().release(0);
  }
  // Until `id` is in storage only.
  void push_out(uint32_t id, uint32_t fillers_from = 10'000) {
    await(node().ask(op::Spill{whole_id(id)}));
    for (uint32_t filler = fillers_from; node().store.look_up(whole_id(id)); filler++) {
      put(filler, kKiB);
    }
  }
  void check() {
    node().store.check_invariants();
    EXPECT_EQ(node().store.ledger(), node().store.recount());
    EXPECT_EQ(node().storage->spilled().totals(), node().storage->spilled().recount());
  }

  FakeDisk disk;
  WholeCluster cluster;
};

TEST_F(WholeStorage, ten_times_the_arena_is_got_at_random_byte_exact) {
  start();
  std::mt19937_64 random(test_seed());
  std::map<uint32_t, size_t> sizes;
  size_t total = 0;
  for (uint32_t id = 1; total < 640 * kKiB; id++) {
    sizes[id] = 1 + random() % (6 * kKiB);
    total += sizes[id];
    put(id, sizes[id]);
  }
  for (int i = 0; i < 500; i++) {
    const auto at = std::next(sizes.begin(), static_cast<long>(random() % sizes.size()));
    expect_content(at->first, at->second);
  }
  EXPECT_LE(node().tier->writes, static_cast<int>(sizes.size()));
  check();
}

TEST_F(WholeStorage, a_multi_get_of_what_fits_is_answered_as_a_whole) {
  start();
  for (uint32_t id = 1; id <= 120; id++) put(id, 2 * kKiB);
  std::vector<uint32_t> tags;
  for (uint32_t id = 1; id <= 20; id++) {
    tags.push_back(node().ask(op::Get{whole_id(id), 10'000, id, id < 20}));
  }
  for (uint32_t i = 0; i < 20; i++) {
    const auto& answer = await(tags[i]);
    ASSERT_EQ(answer.completion.outcome, Outcome::kOk) << answer.detail;
    EXPECT_TRUE(std::ranges::equal(node().bytes(answer), whole_content(i + 1, 2 * kKiB)));
  }
  check();
}

TEST_F(WholeStorage, a_multi_get_of_more_than_fits_says_so_at_once) {
  start();
  for (uint32_t id = 1; id <= 120; id++) put(id, 2 * kKiB);
  std::vector<uint32_t> tags;
  for (uint32_t id = 1; id <= 60; id++) {
    tags.push_back(node().ask(op::Get{whole_id(id), 10'000, id, id < 60}));
  }
  for (const uint32_t tag : tags) {
    EXPECT_EQ(await(tag, 100).completion.outcome, Outcome::kTooLarge);
  }
  expect_content(1, 2 * kKiB);
}

TEST_F(WholeStorage, a_poll_of_a_spilled_object_brings_it_for_the_next_one) {
  start();
  put(1, kKiB);
  push_out(1);
  EXPECT_EQ(get(1, 0, 0).completion.outcome, Outcome::kTimeout);
  EXPECT_TRUE(
      cluster.run_until([&] { return node().store.look_up(whole_id(1)).has_value(); }, 100));
  cluster.run_ms(1);
  EXPECT_EQ(get(1, 0, 0).completion.outcome, Outcome::kOk);
}

TEST_F(WholeStorage, stat_wait_create_and_delete_know_spilled_objects) {
  start();
  put(1, kKiB);
  push_out(1);
  const auto& stat = await(node().ask(op::Stat{whole_id(1)}));
  EXPECT_EQ(stat.completion.outcome, Outcome::kOk);
  EXPECT_EQ(stat.completion.state, session::kStateSpilled);
  EXPECT_EQ(stat.completion.data_bytes, kKiB);
  EXPECT_EQ(await(node().ask(op::Wait{whole_id(1), 0})).completion.outcome, Outcome::kOk);
  const auto& create = await(node().ask(op::Create{whole_id(1), kKiB, 0, 0}));
  EXPECT_EQ(create.completion.outcome, Outcome::kExists);
  EXPECT_EQ(await(node().ask(op::Delete{whole_id(1)})).completion.outcome, Outcome::kOk);
  EXPECT_EQ(await(node().ask(op::Stat{whole_id(1)})).completion.outcome, Outcome::kNotFound);
  EXPECT_EQ(get(1, 0, 10).completion.outcome, Outcome::kNotFound);
  put(1, 2 * kKiB);
  expect_content(1, 2 * kKiB);
  check();
}

TEST_F(WholeStorage, a_get_is_answered_when_its_object_is_deleted_while_it_is_read_back) {
  start();
  put(1, kKiB);
  push_out(1);
  node().disk_completions_max = 0;
  const uint32_t tag = node().ask(op::Get{whole_id(1), 10'000, 0});
  cluster.run_ms(5);
  EXPECT_EQ(node().answer(tag), nullptr);
  await(node().ask(op::Delete{whole_id(1)}));
  EXPECT_EQ(await(tag, 10).completion.outcome, Outcome::kNotFound);
  node().disk_completions_max = SIZE_MAX;
  cluster.run_ms(10);
  EXPECT_EQ(node().store.ledger().unsealed.objects, 0u);
  check();
}

TEST_F(WholeStorage, a_damaged_record_is_an_error_of_its_own) {
  start();
  put(1, kKiB);
  push_out(1);
  for (auto& [offset, record] : disk.records) record.is_damaged |= record.copy.id == whole_id(1);
  std::vector<uint32_t> tags;
  for (uint32_t i = 0; i < 3; i++) tags.push_back(node().ask(op::Get{whole_id(1), -1, i}));
  for (const uint32_t tag : tags) {
    EXPECT_EQ(await(tag, 100).completion.outcome, Outcome::kDamaged);
    EXPECT_NE(node().answer(tag)->detail.find("damaged"), std::string::npos);
  }
  EXPECT_EQ(await(node().ask(op::Restore{whole_id(1), 1000})).completion.outcome,
            Outcome::kDamaged);
}

TEST_F(WholeStorage, a_full_disk_fails_the_create_that_needs_it_and_nothing_else) {
  disk.capacity_bytes = 0;
  start();
  for (uint32_t id = 1; id <= 64; id++)
    ASSERT_TRUE(node().put(whole_id(id), whole_content(id, kKiB)));
  const auto& create = await(node().ask(op::Create{whole_id(100), kKiB, 0, -1}), 10'000);
  EXPECT_EQ(create.completion.outcome, Outcome::kOutOfMemory);
  EXPECT_NE(create.detail.find("full"), std::string::npos) << create.detail;
  for (uint32_t id = 1; id <= 64; id++) expect_content(id, kKiB);
  disk.capacity_bytes = UINT64_MAX;
  const auto& again = await(node().ask(op::Create{whole_id(100), kKiB, 0, -1}), 10'000);
  EXPECT_EQ(again.completion.outcome, Outcome::kOk);
  check();
}

TEST_F(WholeStorage, restore_brings_it_to_memory_and_spill_without_storage_says_so) {
  start();
  put(1, kKiB);
  push_out(1);
  EXPECT_EQ(await(node().ask(op::Restore{whole_id(1), 1000})).completion.outcome, Outcome::kOk);
  EXPECT_TRUE(node().store.look_up(whole_id(1)).has_value());
  EXPECT_EQ(await(node().ask(op::Restore{whole_id(99), 1000})).completion.outcome,
            Outcome::kNotFound);
  cluster.start_node(2);
  WholeNode& other = cluster.node(2);
  const uint32_t tag = other.ask(op::Spill{whole_id(1)});
  ASSERT_TRUE(cluster.run_until([&] { return other.answer(tag) != nullptr; }, 100));
  EXPECT_EQ(other.answer(tag)->completion.outcome, Outcome::kUnavailable);
}

TEST_F(WholeStorage, what_was_spilled_is_there_after_the_node_was_killed) {
  start();
  std::set<uint32_t> safe;
  for (uint32_t id = 1; id <= 100; id++) {
    put(id, kKiB);
    if (id % 3 == 0 &&
        await(node().ask(op::Spill{whole_id(id)})).completion.outcome == Outcome::kOk) {
      safe.insert(id);
    }
  }
  cluster.kill_node(kNode);
  start();
  for (const uint32_t id : safe) expect_content(id, kKiB);
  check();
}

// Behaviour 45: a node that can hold one and a half bundles runs ten bundles of ten objects.
TEST_F(WholeStorage, ten_bundles_on_a_node_that_holds_one_and_a_half) {
  start(15 * kKiB);
  for (uint32_t id = 1; id <= 100; id++) put(id, kKiB);
  uint32_t done = 0;
  std::vector<std::vector<uint32_t>> tags(10);
  for (uint32_t bundle = 0; bundle < 10; bundle++) {
    for (uint32_t i = 0; i < 10; i++) {
      const uint32_t number = bundle * 10 + i;
      tags[bundle].push_back(node().ask(op::Get{whole_id(number + 1), -1, number, i < 9}));
    }
  }
  // Each client lets go of a bundle once it has all of it.
  const bool all = cluster.run_until(
      [&] {
        for (uint32_t bundle = 0; bundle < 10; bundle++) {
          if (tags[bundle].empty()) continue;
          const auto here = [&](uint32_t tag) { return node().answer(tag) != nullptr; };
          if (!std::ranges::all_of(tags[bundle], here)) continue;
          for (uint32_t i = 0; i < 10; i++) {
            const auto& answer = *node().answer(tags[bundle][i]);
            EXPECT_EQ(answer.completion.outcome, Outcome::kOk);
            EXPECT_TRUE(
                std::ranges::equal(node().bytes(answer), whole_content(bundle * 10 + i + 1, kKiB)));
            node().release(bundle * 10 + i);
          }
          tags[bundle].clear();
          done++;
        }
        return done == 10;
      },
      30'000);
  EXPECT_TRUE(all) << done << " of 10 bundles";
  check();
}

// ---- several nodes ------------------------------------------------------------------------------

class SpilledElsewhere : public WholeStorage {
 protected:
  static constexpr uint32_t kReader = 2;
  // On a node that has no storage of its own.
  WholeNode& start_reader(uint64_t arena_bytes = 64 * kKiB) {
    WholeNodeOptions options;
    options.arena_bytes = arena_bytes;
    WholeNode& reader = cluster.start_node(kReader, options);
    EXPECT_TRUE(cluster.settle());
    return reader;
  }
  WholeNode& reader() { return cluster.node(kReader); }
  const FakeClients::Answer& read(uint32_t id, uint32_t cell = 0, int32_t timeout_ms = 30'000) {
    const uint32_t tag = reader().ask(op::Get{whole_id(id), timeout_ms, cell});
    EXPECT_TRUE(cluster.run_until([&] { return reader().answer(tag) != nullptr; }));
    return *reader().answer(tag);
  }
  void expect_read(uint32_t id, size_t bytes) {
    const auto& answer = read(id);
    ASSERT_EQ(answer.completion.outcome, Outcome::kOk) << id << " " << answer.detail;
    EXPECT_TRUE(std::ranges::equal(reader().bytes(answer), whole_content(id, bytes))) << id;
    reader().release(0);
  }
};

TEST_F(SpilledElsewhere, an_object_that_another_node_spilled_is_pulled) {
  start();
  start_reader();
  put(1, 3 * kKiB);
  push_out(1);
  ASSERT_TRUE(cluster.settle());
  expect_read(1, 3 * kKiB);
  EXPECT_EQ(node().tier->reads, 1);
}

TEST_F(SpilledElsewhere, all_of_three_arenas_is_read_from_another_node) {
  start();
  start_reader();
  for (uint32_t id = 1; id <= 96; id++) put(id, 2 * kKiB);
  ASSERT_TRUE(cluster.settle());
  for (uint32_t id = 1; id <= 96; id++) expect_read(id, 2 * kKiB);
  check();
}

TEST_F(SpilledElsewhere, what_a_killed_node_had_spilled_is_found_when_it_is_back) {
  start();
  start_reader();
  put(1, kKiB);
  push_out(1);
  ASSERT_TRUE(cluster.settle());
  cluster.kill_node(kNode);
  const uint32_t tag = reader().ask(op::Get{whole_id(1), 30'000, 0});
  cluster.run_ms(50);
  EXPECT_EQ(reader().answer(tag), nullptr);
  start();
  ASSERT_TRUE(cluster.run_until([&] { return reader().answer(tag) != nullptr; }, 30'000));
  const auto& answer = *reader().answer(tag);
  ASSERT_EQ(answer.completion.outcome, Outcome::kOk) << answer.detail;
  EXPECT_TRUE(std::ranges::equal(reader().bytes(answer), whole_content(1, kKiB)));
}

TEST_F(SpilledElsewhere, a_directory_that_starts_again_learns_what_is_spilled) {
  start();
  start_reader();
  put(1, kKiB);
  push_out(1);
  ASSERT_TRUE(cluster.settle());
  cluster.kill_directory();
  cluster.run_ms(10);
  cluster.start_directory();
  cluster.run_ms(5000);
  expect_read(1, kKiB);
}

TEST_F(SpilledElsewhere, a_delete_from_another_node_removes_the_record) {
  start();
  start_reader();
  put(1, kKiB);
  push_out(1);
  ASSERT_TRUE(cluster.settle());
  const size_t records = disk.records.size();
  const uint32_t tag = reader().ask(op::Delete{whole_id(1)});
  ASSERT_TRUE(cluster.run_until([&] { return reader().answer(tag) != nullptr; }));
  cluster.run_ms(10);
  EXPECT_EQ(disk.records.size(), records - 1);
  EXPECT_EQ(read(1, 0, 50).completion.outcome, Outcome::kNotFound);
  put(1, 2 * kKiB);
  ASSERT_TRUE(cluster.settle());
  expect_read(1, 2 * kKiB);
  check();
}

TEST_F(SpilledElsewhere, a_damaged_record_ends_the_get_of_another_node) {
  start();
  start_reader();
  put(1, kKiB);
  push_out(1);
  ASSERT_TRUE(cluster.settle());
  for (auto& [offset, record] : disk.records) record.is_damaged |= record.copy.id == whole_id(1);
  const auto& answer = read(1, 0, 40'000);
  EXPECT_NE(answer.completion.outcome, Outcome::kOk);
}

// Behaviour 44, in small: a node whose arena of 75 holds a primary of 40 gets one of 40.
TEST_F(SpilledElsewhere, a_primary_makes_room_for_a_pull_of_its_size) {
  WholeNodeOptions options;
  options.arena_bytes = 75 * kKiB;
  FakeDisk reader_disk;
  options.disk = &reader_disk;
  start(75 * kKiB);
  cluster.start_node(kReader, options);
  ASSERT_TRUE(cluster.settle());
  put(1, 40 * kKiB);
  ASSERT_TRUE(reader().put(whole_id(2), whole_content(2, 40 * kKiB)));
  ASSERT_TRUE(cluster.settle());
  expect_read(1, 40 * kKiB);
  expect_read(2, 40 * kKiB);
  expect_read(1, 40 * kKiB);
  cluster.kill_node(kReader);
}

}  // namespace
}  // namespace obj::sim
