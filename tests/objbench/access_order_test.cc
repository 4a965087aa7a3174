// SPDX-License-Identifier: Apache-2.0
// tests/objbench/access_order_test.cc -- the order in which a load visits its objects.
#include "tools/objbench/access_order.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/seed.hh"

namespace objbench {
namespace {

std::vector<size_t> counts_of(const std::vector<uint32_t>& order, size_t objects) {
  std::vector<size_t> counts(objects);
  for (const uint32_t index : order) counts.at(index)++;  // at(): an index out of range throws
  return counts;
}

TEST(AccessOrder, sequential_goes_round) {
  EXPECT_EQ(access_order(Pattern::kSequential, 3, 7, 0, 1),
            (std::vector<uint32_t>{0, 1, 2, 0, 1, 2, 0}));
}

TEST(AccessOrder, random_visits_all_about_equally) {
  const auto order = access_order(Pattern::kRandom, 10, 100'000, 0, obj::test_seed());
  for (const size_t count : counts_of(order, 10)) {
    EXPECT_GT(count, 9'000u);
    EXPECT_LT(count, 11'000u);
  }
}

TEST(AccessOrder, zipf_visits_in_proportion_to_the_rank) {
  const auto order = access_order(Pattern::kZipf, 100, 1'000'000, 1, obj::test_seed());
  const auto counts = counts_of(order, 100);
  EXPECT_NEAR(static_cast<double>(counts[0]) / static_cast<double>(counts[1]), 2, 0.1);
  EXPECT_NEAR(static_cast<double>(counts[0]) / static_cast<double>(counts[9]), 10, 1);
  EXPECT_GT(counts[99], 0u);
}

TEST(AccessOrder, zipf_of_exponent_zero_is_random) {
  const auto counts = counts_of(access_order(Pattern::kZipf, 4, 100'000, 0, obj::test_seed()), 4);
  EXPECT_GT(*std::ranges::min_element(counts), 24'000u);
}

TEST(AccessOrder, is_the_same_for_the_same_seed_only) {
  const auto order = access_order(Pattern::kRandom, 1000, 100, 0, 5);
  EXPECT_EQ(order, access_order(Pattern::kRandom, 1000, 100, 0, 5));
  EXPECT_NE(order, access_order(Pattern::kRandom, 1000, 100, 0, 6));
}

TEST(AccessOrder, of_one_object_is_that_object) {
  for (const Pattern pattern : {Pattern::kSequential, Pattern::kRandom, Pattern::kZipf}) {
    const auto order = access_order(pattern, 1, 10, 0.99, obj::test_seed());
    EXPECT_EQ(std::accumulate(order.begin(), order.end(), 0u), 0u);
  }
}

}  // namespace
}  // namespace objbench
