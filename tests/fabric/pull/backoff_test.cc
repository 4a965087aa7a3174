// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/backoff_test.cc -- delays grow, stay in bounds, differ, and start over.
#include "fabric/pull/backoff.hh"

#include <gtest/gtest.h>

#include <set>

namespace obj {
namespace {

TEST(Backoff, each_delay_lies_in_the_upper_half_of_a_doubling_interval) {
  Jitter jitter(1);
  Backoff backoff(100, 1600);
  for (const uint64_t most : {100u, 200u, 400u, 800u, 1600u, 1600u, 1600u}) {
    const uint64_t delay = backoff.next(jitter);
    EXPECT_LE(delay, most);
    EXPECT_GE(delay, most / 2);
  }
}

TEST(Backoff, a_maximum_that_is_no_power_of_two_is_reached_and_not_passed) {
  Jitter jitter(1);
  Backoff backoff(100, 350);
  for (int i = 0; i < 100; i++) EXPECT_LE(backoff.next(jitter), 350u);
  EXPECT_GE(backoff.next(jitter), 175u);
}

TEST(Backoff, progress_resets_it) {
  Jitter jitter(1);
  Backoff backoff(100, 100'000);
  for (int i = 0; i < 8; i++) backoff.next(jitter);
  backoff.reset();
  EXPECT_EQ(backoff.failures(), 0u);
  EXPECT_LE(backoff.next(jitter), 100u);
}

TEST(Backoff, nodes_with_different_seeds_do_not_come_back_together) {
  std::set<uint64_t> delays;
  for (uint64_t seed = 0; seed < 64; seed++) {
    Jitter jitter(seed);
    delays.insert(Backoff(1'000'000, 2'000'000).next(jitter));
  }
  EXPECT_GT(delays.size(), 60u);
}

TEST(Backoff, does_not_overflow_after_very_many_failures) {
  Jitter jitter(1);
  Backoff backoff(1, UINT64_MAX / 4);
  for (int i = 0; i < 1000; i++) backoff.next(jitter);
  EXPECT_LE(backoff.next(jitter), UINT64_MAX / 4);
  EXPECT_GE(backoff.next(jitter), UINT64_MAX / 16);
}

}  // namespace
}  // namespace obj
