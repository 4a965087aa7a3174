// SPDX-License-Identifier: Apache-2.0
// Blocks are free exactly if nobody uses them; against a plain count for each block.
#include "spill/segment_room.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/seed.hh"

namespace obj {
namespace {

constexpr uint64_t kBegin = 3 * kSpillBlock;

TEST(SegmentRoom, takes_the_first_run_that_is_long_enough) {
  SegmentRoom room(kBegin, kBegin + 10 * kSpillBlock);
  const auto first = room.take(2 * kSpillBlock, 2 * kSpillBlock);
  const auto second = room.take(kSpillBlock, 3 * kSpillBlock);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->offset, kBegin);
  EXPECT_EQ(second->size_bytes, 3 * kSpillBlock);
  room.drop(first->offset, first->size_bytes);
  EXPECT_FALSE(room.take(6 * kSpillBlock, 6 * kSpillBlock).has_value());
  EXPECT_EQ(room.take(3 * kSpillBlock, 4 * kSpillBlock)->offset, kBegin + 5 * kSpillBlock);
  EXPECT_EQ(room.take(kSpillBlock, 9 * kSpillBlock)->offset, kBegin);
  EXPECT_EQ(room.free_bytes(), kSpillBlock);
  room.check_invariants();
}

TEST(SegmentRoom, a_block_is_free_when_its_last_user_is_gone) {
  SegmentRoom room(kBegin, kBegin + 4 * kSpillBlock);
  room.hold(kBegin + 100, kSpillBlock);  // two blocks
  room.hold(kBegin + kSpillBlock + 200, 10);
  room.drop(kBegin + 100, kSpillBlock);
  EXPECT_EQ(room.free_bytes(), 3 * kSpillBlock);
  room.drop(kBegin + kSpillBlock + 200, 10);
  EXPECT_EQ(room.free_bytes(), 4 * kSpillBlock);
  EXPECT_EQ(room.largest_free_bytes(), 4 * kSpillBlock) << "neighbours are one run again";
}

TEST(SegmentRoom, agrees_with_a_count_for_each_block) {
  std::mt19937_64 random(test_seed());
  constexpr uint64_t kBlocks = 60;
  SegmentRoom room(kBegin, kBegin + kBlocks * kSpillBlock);
  std::vector<uint32_t> users(kBlocks);
  std::vector<SegmentRoom::Run> held;
  const auto count = [&](const SegmentRoom::Run& run, int by) {
    const uint64_t last = (run.offset - kBegin + run.size_bytes - 1) / kSpillBlock;
    for (uint64_t i = (run.offset - kBegin) / kSpillBlock; i <= last; i++) {
      users[i] = static_cast<uint32_t>(static_cast<int>(users[i]) + by);
    }
  };
  for (int step = 0; step < 20000; step++) {
    const uint64_t kind = random() % 3;
    if (kind == 0) {
      const uint64_t least = (1 + random() % 8) * kSpillBlock;
      const auto run = room.take(least, least + random() % 4 * kSpillBlock);
      if (run) {
        held.push_back(*run);
        count(*run, 1);
      }
    } else if (kind == 1 && held.size() < 50) {
      const uint64_t at = random() % (kBlocks * kSpillBlock - 1);
      const SegmentRoom::Run run{
          kBegin + at, 1 + random() % std::min(kBlocks * kSpillBlock - at, 3 * kSpillBlock)};
      room.hold(run.offset, run.size_bytes);
      held.push_back(run);
      count(run, 1);
    } else if (!held.empty()) {
      std::swap(held[random() % held.size()], held.back());
      room.drop(held.back().offset, held.back().size_bytes);
      count(held.back(), -1);
      held.pop_back();
    }
    const auto free = static_cast<uint64_t>(std::ranges::count(users, 0U));
    ASSERT_EQ(room.free_bytes(), free * kSpillBlock);
    if (step % 64 == 0) room.check_invariants();
  }
}

}  // namespace
}  // namespace obj
