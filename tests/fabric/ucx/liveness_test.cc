// SPDX-License-Identifier: Apache-2.0
// When a peer is given up, in ticks of half a heartbeat period.
#include "fabric/ucx/liveness.hh"

#include <gtest/gtest.h>

namespace obj::ucx {
namespace {

using Verdict = Liveness::Verdict;

TEST(Liveness, a_silent_peer_is_dead_after_its_misses) {
  Liveness liveness(3);
  EXPECT_NE(liveness.tick(), Verdict::kDead);
  for (int tick = 0; tick < 6; tick++) EXPECT_NE(liveness.tick(), Verdict::kDead) << tick;
  EXPECT_EQ(liveness.tick(), Verdict::kDead);
}

TEST(Liveness, one_word_starts_the_count_anew) {
  Liveness liveness(1);
  for (int round = 0; round < 10; round++) {
    liveness.on_heard();
    EXPECT_NE(liveness.tick(), Verdict::kDead);
    EXPECT_NE(liveness.tick(), Verdict::kDead);
  }
}

TEST(Liveness, beats_only_when_nothing_else_was_sent) {
  Liveness liveness(100);
  EXPECT_EQ(liveness.tick(), Verdict::kFine);
  EXPECT_EQ(liveness.tick(), Verdict::kBeat);
  liveness.on_sent();
  EXPECT_EQ(liveness.tick(), Verdict::kFine);
  EXPECT_EQ(liveness.tick(), Verdict::kBeat);
}

}  // namespace
}  // namespace obj::ucx
