// SPDX-License-Identifier: Apache-2.0
// The pauses between dials: doubling, bounded, with jitter, and short again after a success.
#include "directory/redial_delay.hh"

#include <gtest/gtest.h>

#include <set>

namespace obj::directory {
namespace {

constexpr uint64_t kMs = 1'000'000;

TEST(RedialDelay, doubles_up_to_its_limit_and_starts_anew_after_success) {
  RedialDelay delay(50, 2000, 1);
  for (int rounds = 0; rounds < 2; rounds++) {
    for (const uint64_t most : {50u, 100u, 200u, 400u, 800u, 1600u, 2000u, 2000u}) {
      const uint64_t pause = delay.after_failure_ns();
      EXPECT_LE(pause, most * kMs);
      EXPECT_GE(pause, most * kMs / 2);
    }
    delay.after_success();
  }
}

TEST(RedialDelay, differs_between_nodes) {
  std::set<uint64_t> pauses;
  for (uint64_t seed = 0; seed < 100; seed++) {
    pauses.insert(RedialDelay(1000, 1000, seed).after_failure_ns());
  }
  EXPECT_GT(pauses.size(), 90u);
}

}  // namespace
}  // namespace obj::directory
