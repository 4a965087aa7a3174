// SPDX-License-Identifier: Apache-2.0
// tests/objbench/percentiles_test.cc -- medians and nearest-rank percentiles, by hand-made samples.
#include "tools/objbench/percentiles.hh"

#include <gtest/gtest.h>

namespace objbench {
namespace {

TEST(Median, is_the_middle_of_an_odd_number) { EXPECT_EQ(median({9, 1, 5}), 5); }

TEST(Median, is_the_mean_of_the_two_middle_ones_of_an_even_number) {
  EXPECT_EQ(median({10, 1, 2, 5}), 3.5);
}

TEST(Median, is_the_sample_when_there_is_one) { EXPECT_EQ(median({7}), 7); }

TEST(Median, is_not_moved_by_one_outlier) { EXPECT_EQ(median({1, 2, 3, 4, 1e9}), 3); }

TEST(Percentile, is_always_one_of_the_samples) {
  EXPECT_EQ(percentile({10, 20, 30, 40}, 0.5), 20);
  EXPECT_EQ(percentile({10, 20, 30, 40}, 0.51), 30);
  EXPECT_EQ(percentile({10, 20, 30, 40}, 0.75), 30);
}

TEST(Percentile, reaches_from_the_least_to_the_greatest) {
  EXPECT_EQ(percentile({3, 1, 2}, 0), 1);
  EXPECT_EQ(percentile({3, 1, 2}, 1), 3);
}

TEST(Percentile, of_a_hundred_samples_counts_them) {
  std::vector<double> samples;
  for (int i = 100; i >= 1; i--) samples.push_back(i);
  EXPECT_EQ(percentile(samples, 0.9), 90);
  EXPECT_EQ(percentile(samples, 0.99), 99);
}

}  // namespace
}  // namespace objbench
