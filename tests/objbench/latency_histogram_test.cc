// SPDX-License-Identifier: Apache-2.0
// tests/objbench/latency_histogram_test.cc -- the histogram against exact percentiles of the same
// values.
#include "tools/objbench/latency_histogram.hh"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/seed.hh"
#include "tools/objbench/percentiles.hh"

namespace objbench {
namespace {

TEST(LatencyHistogram, is_zero_when_nothing_was_recorded) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.percentile_ns(0.5), 0u);
  EXPECT_EQ(histogram.max_ns(), 0u);
}

TEST(LatencyHistogram, is_exact_for_small_values) {
  LatencyHistogram histogram;
  for (uint64_t value = 1; value <= 63; value++) histogram.record(value);
  EXPECT_EQ(histogram.percentile_ns(0), 1u);
  EXPECT_EQ(histogram.percentile_ns(0.5), 32u);
  EXPECT_EQ(histogram.percentile_ns(1), 63u);
}

TEST(LatencyHistogram, never_tells_more_than_the_maximum) {
  LatencyHistogram histogram;
  histogram.record(1'000'000'007);
  EXPECT_EQ(histogram.percentile_ns(0.5), 1'000'000'007u);
  EXPECT_EQ(histogram.max_ns(), 1'000'000'007u);
}

TEST(LatencyHistogram, counts_what_is_longer_than_it_can_tell) {
  LatencyHistogram histogram;
  histogram.record(5);
  histogram.record(UINT64_MAX);
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.max_ns(), UINT64_MAX);
  EXPECT_EQ(histogram.percentile_ns(0.5), 5u);
  EXPECT_GE(histogram.percentile_ns(1), uint64_t{1} << 35);
}

TEST(LatencyHistogram, is_within_two_percent_of_the_exact_percentiles) {
  std::mt19937_64 random(obj::test_seed());
  std::lognormal_distribution<double> latency(9, 3);
  LatencyHistogram histogram;
  std::vector<double> exact;
  for (int i = 0; i < 100'000; i++) {
    const auto value = static_cast<uint64_t>(latency(random));
    histogram.record(value);
    exact.push_back(static_cast<double>(value));
  }
  for (const double fraction : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const double wanted = percentile(exact, fraction);
    const auto found = static_cast<double>(histogram.percentile_ns(fraction));
    EXPECT_GE(found, wanted) << fraction;
    EXPECT_LE(found, wanted * 1.02) << fraction;
  }
}

TEST(LatencyHistogram, merged_equals_one_that_saw_everything) {
  std::mt19937_64 random(obj::test_seed());
  LatencyHistogram one, other, all;
  for (int i = 0; i < 10'000; i++) {
    const uint64_t value = random() >> (random() % 60);
    (i % 3 == 0 ? one : other).record(value);
    all.record(value);
  }
  one.merge(other);
  EXPECT_EQ(one.count(), all.count());
  EXPECT_EQ(one.max_ns(), all.max_ns());
  for (const double fraction : {0.01, 0.5, 0.99}) {
    EXPECT_EQ(one.percentile_ns(fraction), all.percentile_ns(fraction));
  }
}

}  // namespace
}  // namespace objbench
