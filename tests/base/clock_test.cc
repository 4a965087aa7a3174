// SPDX-License-Identifier: Apache-2.0
// Deadlines made from client timeouts, and that the clock does not run backwards.
#include "base/clock.hh"

#include <gtest/gtest.h>

#include <climits>

namespace obj {
namespace {

TEST(Clock, deadline_lies_the_timeout_ahead) {
  EXPECT_EQ(deadline_after_ms(1000, 3), 3'001'000u);
  EXPECT_EQ(deadline_after_ms(1000, 0), 1000u);
}

TEST(Clock, longest_timeout_does_not_wrap) {
  EXPECT_EQ(deadline_after_ms(7, INT32_MAX), 7 + 2'147'483'647'000'000u);
}

TEST(Clock, any_negative_timeout_means_for_ever) {
  EXPECT_EQ(deadline_after_ms(1000, -1), kForeverNs);
  EXPECT_EQ(deadline_after_ms(1000, INT32_MIN), kForeverNs);
}

TEST(Clock, never_runs_backwards) {
  uint64_t before = monotonic_ns();
  for (int i = 0; i < 10'000; i++) {
    const uint64_t now = monotonic_ns();
    ASSERT_GE(now, before);
    before = now;
  }
}

}  // namespace
}  // namespace obj
