// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/percentiles.hh"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/check.hh"

namespace objbench {
namespace {

// The sample that `rank` others precede in order.
double at_rank(std::vector<double>& samples, size_t rank) {
  const auto place = samples.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(samples.begin(), place, samples.end());
  return *place;
}

}  // namespace

double percentile(std::vector<double> samples, double fraction) {
  OBJ_CHECK(!samples.empty());
  OBJ_CHECK(fraction >= 0 && fraction <= 1);
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(samples.size())));
  return at_rank(samples, std::max<size_t>(rank, 1) - 1);
}

double median(std::vector<double> samples) {
  OBJ_CHECK(!samples.empty());
  const size_t half = samples.size() / 2;
  const double upper = at_rank(samples, half);
  if (samples.size() % 2 == 1) return upper;
  return (at_rank(samples, half - 1) + upper) / 2;
}

}  // namespace objbench
