// SPDX-License-Identifier: Apache-2.0
// The window of one queue pair: what is posted when, what is signalled, what a completion stands
// for; and the arithmetic of pieces and lanes beside it.
#include "fabric/verbs/read_window.hh"

#include <gtest/gtest.h>

#include <random>

#include "fabric/verbs/lane_choice.hh"
#include "fabric/verbs/pieces.hh"
#include "tests/seed.hh"

namespace obj::verbs {
namespace {

constexpr uint32_t kSerial = 7;

ReadWindow::Work work(uint32_t bytes, std::optional<OperationIndex> ends) {
  return {.size_bytes = bytes, .ends = ends};
}

std::vector<ReadWork> batch_of(ReadWindow& window) {
  std::vector<ReadWork> batch;
  window.take_batch(batch);
  return batch;
}

TEST(ReadWindow, signals_the_last_of_a_batch_and_some_on_the_way) {
  ReadWindow window({.works_max = 100, .signal_works = 4, .signal_bytes = 10'000}, kSerial);
  for (OperationIndex i = 0; i < 10; i++) window.add(work(100, i));
  window.add(work(20'000, 10));
  window.add(work(100, 11));
  std::vector<bool> signalled;
  for (const ReadWork& one : batch_of(window)) signalled.push_back(one.is_signalled);
  EXPECT_EQ(signalled, (std::vector<bool>{false, false, false, true, false, false, false, true,
                                          false, false, true, true}));
}

TEST(ReadWindow, posts_no_more_works_or_bytes_than_it_may) {
  ReadWindow window({.works_max = 3, .bytes_max = 1000}, kSerial);
  for (OperationIndex i = 0; i < 5; i++) window.add(work(100, i));
  const auto first = batch_of(window);
  EXPECT_EQ(first.size(), 3u);
  EXPECT_TRUE(batch_of(window).empty());
  std::vector<OperationIndex> ended;
  window.on_done(first[1].tag, ended);
  EXPECT_EQ(ended, (std::vector<OperationIndex>{0, 1}));
  EXPECT_EQ(batch_of(window).size(), 2u);

  ReadWindow large({.works_max = 3, .bytes_max = 1000}, kSerial);
  large.add(work(5000, 0));
  large.add(work(1, 1));
  EXPECT_EQ(batch_of(large).size(), 1u) << "one may exceed the bytes alone";
}

TEST(ReadWindow, ends_an_operation_with_its_last_work) {
  ReadWindow window({}, kSerial);
  window.add(work(1, std::nullopt));
  window.add(work(1, std::nullopt));
  window.add(work(1, 42));
  const auto batch = batch_of(window);
  EXPECT_EQ(window.operation_of(batch[0].tag), 42u);
  std::vector<OperationIndex> ended;
  window.on_done(batch[1].tag, ended);
  EXPECT_TRUE(ended.empty());
  window.on_done(batch[2].tag, ended);
  EXPECT_EQ(ended, std::vector<OperationIndex>{42});
  EXPECT_TRUE(window.empty());
}

TEST(ReadWindow, ignores_tags_of_other_queues_and_second_completions) {
  ReadWindow window({}, kSerial);
  window.add(work(1, 1));
  const auto batch = batch_of(window);
  std::vector<OperationIndex> ended;
  window.on_done(batch[0].tag + 1, ended);
  window.on_done(batch[0].tag ^ uint64_t{1} << 32, ended);
  EXPECT_TRUE(ended.empty());
  window.on_done(batch[0].tag, ended);
  window.on_done(batch[0].tag, ended);
  EXPECT_EQ(ended.size(), 1u);
  EXPECT_EQ(window.operation_of(batch[0].tag), std::nullopt);
}

TEST(ReadWindow, withdraws_only_what_the_device_has_nothing_of) {
  ReadWindow window({.works_max = 3}, kSerial);
  window.add(work(1, 1));
  window.add(work(1, std::nullopt));
  window.add(work(1, std::nullopt));
  window.add(work(1, 2));
  window.add(work(1, std::nullopt));
  window.add(work(1, 3));
  EXPECT_EQ(batch_of(window).size(), 3u);
  EXPECT_FALSE(window.withdraw(1));
  EXPECT_FALSE(window.withdraw(2)) << "two of its three works are posted";
  EXPECT_TRUE(window.withdraw(3));
  EXPECT_FALSE(window.withdraw(3));
  std::vector<OperationIndex> ended;
  window.take_all(ended);
  EXPECT_EQ(ended, (std::vector<OperationIndex>{1, 2}));
  EXPECT_EQ(window.bytes(), 0u);
}

// Whatever is added, completed and taken: each operation ends exactly once.
TEST(ReadWindow, ends_each_operation_once_in_random_runs) {
  std::mt19937_64 random(test_seed());
  for (int run = 0; run < 200; run++) {
    ReadWindow window({.works_max = 1 + static_cast<uint32_t>(random() % 8), .bytes_max = 500},
                      kSerial);
    std::vector<OperationIndex> ended;
    std::vector<uint64_t> tags;
    OperationIndex added = 0;
    for (int turn = 0; turn < 50; turn++) {
      for (uint64_t parts = random() % 4; parts > 0; parts--) {
        const bool is_last = parts == 1;
        window.add(work(static_cast<uint32_t>(1 + random() % 200),
                        is_last ? std::optional(added) : std::nullopt));
        if (is_last) added++;
      }
      for (const ReadWork& one : batch_of(window)) {
        if (one.is_signalled) tags.push_back(one.tag);
      }
      while (!tags.empty() && random() % 2) {
        window.on_done(tags.front(), ended);
        tags.erase(tags.begin());
      }
    }
    window.take_all(ended);
    ASSERT_EQ(ended.size(), added);
    for (OperationIndex i = 0; i < added; i++) ASSERT_EQ(ended[i], i);
  }
}

// ---- pieces -------------------------------------------------------------------------------------

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kGiB = 1 << 30;

TEST(Pieces, are_as_many_as_threads_within_what_the_device_takes) {
  EXPECT_EQ(piece_bytes_for(16 * kMiB, UINT64_MAX, 8, kGiB), kGiB) << "one piece";
  EXPECT_EQ(piece_bytes_for(64 * kGiB, UINT64_MAX, 8, kGiB), 8 * kGiB);
  EXPECT_EQ(piece_bytes_for(64 * kGiB, 2 * kGiB, 8, kGiB), 2 * kGiB);
  EXPECT_EQ(piece_bytes_for(64 * kGiB, 2 * kGiB - 1, 8, kGiB) % kPieceAlignBytes, 0u);
  EXPECT_EQ(piece_bytes_for(64 * kGiB, kMiB, 8, kGiB), 0u) << "no whole 2 MiB";
  EXPECT_EQ(piece_bytes_for(4096 * kGiB, 2 * kGiB, 8, kGiB), 0u) << "more than kPiecesMax";
}

TEST(Pieces, cut_a_read_at_both_ends_without_gap_or_overlap) {
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 20'000; i++) {
    const uint64_t local = random() % 1000, remote = random() % 1000;
    const uint64_t local_piece = 1 + random() % 50, remote_piece = 1 + random() % 50;
    const auto size = static_cast<uint32_t>(1 + random() % 300);
    const auto part_max = static_cast<uint32_t>(1 + random() % 60);
    for (uint64_t done = 0; done < size;) {
      const Part part = next_part(local, local_piece, remote, remote_piece, size, done, part_max);
      ASSERT_EQ(part.done_bytes, done);
      ASSERT_GT(part.size_bytes, 0u);
      ASSERT_LE(part.size_bytes, part_max);
      const uint64_t last = done + part.size_bytes - 1;
      ASSERT_EQ((local + done) / local_piece, (local + last) / local_piece);
      ASSERT_EQ((remote + done) / remote_piece, (remote + last) / remote_piece);
      done += part.size_bytes;
      ASSERT_LE(done, size);
    }
  }
}

// ---- lanes --------------------------------------------------------------------------------------

TEST(LaneChoice, takes_the_rail_that_finishes_first) {
  const LaneLoad lanes[] = {{true, 0, 100'000, 1'000'000}, {true, 0, 150'000, 2'000'000}};
  EXPECT_EQ(choose_lane(lanes, 1000), 1u);
  const LaneLoad idle[] = {{true, 0, 0, 1'000'000}, {true, 0, 500'000, 2'000'000}};
  EXPECT_EQ(choose_lane(idle, 1000), 0u);
}

TEST(LaneChoice, takes_the_lane_with_least_to_do_on_one_rail) {
  const LaneLoad lanes[] = {{true, 300, 500, 0}, {true, 200, 500, 0}, {false, 0, 500, 0}};
  EXPECT_EQ(choose_lane(lanes, 1), 1u);
}

TEST(LaneChoice, tries_a_rail_of_unknown_speed_and_has_none_when_none_is_up) {
  const LaneLoad lanes[] = {{true, 0, 1000, 1'000'000}, {true, 0, 0, 0}};
  EXPECT_EQ(choose_lane(lanes, 1000), 1u);
  const LaneLoad down[] = {{false, 0, 0, 0}};
  EXPECT_EQ(choose_lane(down, 1), std::nullopt);
}

}  // namespace
}  // namespace obj::verbs
