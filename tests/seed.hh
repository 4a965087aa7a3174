// SPDX-License-Identifier: Apache-2.0
// tests/seed.hh -- the seed of a randomised test: printed, and given back with OBJ_SEED=N.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace obj {

// OBJ_SEED if it is set, else a fresh one. Printed each time, so that a failed run can be repeated.
inline uint64_t test_seed() {
  const char* given = std::getenv("OBJ_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  std::printf("OBJ_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace obj
