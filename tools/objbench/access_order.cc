// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/access_order.hh"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/check.hh"

namespace objbench {
namespace {

// Sums of the weights of all indices up to each.
std::vector<double> zipf_sums(size_t objects, double exponent) {
  std::vector<double> sums(objects);
  double sum = 0;
  for (size_t i = 0; i < objects; i++) {
    sum += std::pow(static_cast<double>(i + 1), -exponent);
    sums[i] = sum;
  }
  return sums;
}

void fill_zipf(std::vector<uint32_t>& order, size_t objects, double exponent,
               std::mt19937_64& random) {
  const std::vector<double> sums = zipf_sums(objects, exponent);
  std::uniform_real_distribution<double> any(0, sums.back());
  for (uint32_t& index : order) {
    const auto found = std::upper_bound(sums.begin(), sums.end() - 1, any(random));
    index = static_cast<uint32_t>(found - sums.begin());
  }
}

}  // namespace

std::vector<uint32_t> access_order(Pattern pattern, size_t objects, size_t length, double exponent,
                                   uint64_t seed) {
  OBJ_CHECK(objects >= 1);
  OBJ_CHECK(objects <= UINT32_MAX);
  std::vector<uint32_t> order(length);
  std::mt19937_64 random(seed);
  switch (pattern) {
    case Pattern::kSequential:
      for (size_t i = 0; i < length; i++) order[i] = static_cast<uint32_t>(i % objects);
      break;
    case Pattern::kRandom: {
      std::uniform_int_distribution<uint32_t> any(0, static_cast<uint32_t>(objects - 1));
      for (uint32_t& index : order) index = any(random);
      break;
    }
    case Pattern::kZipf: fill_zipf(order, objects, exponent, random); break;
  }
  return order;
}

}  // namespace objbench
