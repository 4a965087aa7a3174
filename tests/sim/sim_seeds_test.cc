// SPDX-License-Identifier: Apache-2.0
// tests/sim/sim_seeds_test.cc -- random lives of small clusters: the seeds of the normal run, which
// the mutants must fail, and fresh ones (OBJ_SEED=N for one of those again).
#include <gtest/gtest.h>

#include "tests/seed.hh"
#include "tests/sim/normal_run.hh"
#include "tests/sim/random_run.hh"

namespace obj::sim {
namespace {

TEST(SimSeeds, no_invariant_breaks_in_the_normal_run) {
  uint64_t done = 0;
  uint64_t failed = 0;
  for (uint64_t seed = 1; seed <= kNormalRunSeeds; seed++) {
    const RunResult result = run_at_random(seed);
    ASSERT_FALSE(result.violation) << "seed " << seed << ": " << *result.violation;
    done += result.bundles_done;
    failed += result.bundles_failed;
  }
  // It is no proof of anything if nothing, or nothing bad, ever happened.
  EXPECT_GT(done, kNormalRunSeeds);
  EXPECT_GT(failed, kNormalRunSeeds / 10);
}

TEST(SimSeeds, no_invariant_breaks_with_fresh_seeds) {
  const uint64_t first = test_seed();
  for (uint64_t seed = first; seed < first + kFreshSeeds; seed++) {
    const RunResult result = run_at_random(seed);
    ASSERT_FALSE(result.violation) << "OBJ_SEED=" << seed << ": " << *result.violation;
  }
}

TEST(SimSeeds, a_seed_gives_the_same_run_again) {
  const uint64_t seed = test_seed();
  const RunResult first = run_at_random(seed);
  const RunResult again = run_at_random(seed);
  EXPECT_EQ(first.digest, again.digest);
  EXPECT_EQ(first.events, again.events);
  EXPECT_NE(first.digest, run_at_random(seed + 1).digest);
}

}  // namespace
}  // namespace obj::sim
