// SPDX-License-Identifier: Apache-2.0
// When AdaptiveSpin polls and when it gives up. No clock: times are given.
#include "base/adaptive_spin.hh"

#include <gtest/gtest.h>

namespace obj {
namespace {

constexpr uint64_t kMaxNs = 50'000;
constexpr uint64_t kLongNs = 10 * kMaxNs;

// Sleeps at `now_ns` and is woken by an event `slept_ns` later. Returns the time then.
uint64_t sleep_for(AdaptiveSpin& spin, uint64_t now_ns, uint64_t slept_ns) {
  spin.on_sleep(now_ns);
  spin.on_wake(now_ns + slept_ns, true);
  return now_ns + slept_ns;
}

TEST(AdaptiveSpin, polls_for_the_whole_time_after_an_event) {
  AdaptiveSpin spin(kMaxNs);
  spin.on_activity(1000);
  EXPECT_TRUE(spin.should_spin(1000 + kMaxNs - 1));
  EXPECT_FALSE(spin.should_spin(1000 + kMaxNs));
}

TEST(AdaptiveSpin, never_polls_when_told_not_to) {
  AdaptiveSpin spin(0);
  spin.on_activity(1000);
  EXPECT_FALSE(spin.should_spin(1000));
  sleep_for(spin, 1000, 1);
  EXPECT_EQ(spin.budget_ns(), 0u);
}

TEST(AdaptiveSpin, polls_less_and_less_when_events_are_sparse) {
  AdaptiveSpin spin(kMaxNs);
  uint64_t now_ns = 0;
  uint64_t budget_ns = spin.budget_ns();
  for (int i = 0; i < 4; i++) {
    now_ns = sleep_for(spin, now_ns, kLongNs);
    EXPECT_LT(spin.budget_ns(), budget_ns);
    budget_ns = spin.budget_ns();
  }
}

TEST(AdaptiveSpin, sleeps_at_once_when_events_stay_sparse) {
  AdaptiveSpin spin(kMaxNs);
  uint64_t now_ns = 0;
  for (int i = 0; i < 20; i++) now_ns = sleep_for(spin, now_ns, kLongNs);
  EXPECT_FALSE(spin.should_spin(now_ns));
}

TEST(AdaptiveSpin, polls_fully_again_when_polling_would_have_paid) {
  AdaptiveSpin spin(kMaxNs);
  uint64_t now_ns = 0;
  for (int i = 0; i < 10; i++) now_ns = sleep_for(spin, now_ns, kLongNs);
  sleep_for(spin, now_ns, kMaxNs);
  EXPECT_EQ(spin.budget_ns(), kMaxNs);
}

TEST(AdaptiveSpin, a_sleep_that_ended_by_its_time_limit_teaches_nothing) {
  AdaptiveSpin spin(kMaxNs);
  spin.on_sleep(0);
  spin.on_wake(kLongNs, false);
  EXPECT_EQ(spin.budget_ns(), kMaxNs);
  EXPECT_FALSE(spin.should_spin(kLongNs));
}

}  // namespace
}  // namespace obj
