// SPDX-License-Identifier: Apache-2.0
// tests/sim/random_run.hh -- one random life of a small cluster, from a seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace obj::sim {

struct RunResult {
  std::optional<std::string> violation{};  // the first broken invariant, by its name
  uint64_t bundles_done = 0;
  uint64_t bundles_failed = 0;
  uint64_t reads_posted = 0;
  uint64_t events = 0;
  uint64_t digest = 0;  // of all that happened: equal for equal seeds
};

// Some nodes put, get, wait for, prefetch, pin and drop objects, while others die, freeze, refuse,
// become slow and come back; reads fail, memory is short and reused, the directory is late, repeats
// itself and lies. Then the faults stop, and everything must come to its end.
RunResult run_at_random(uint64_t seed);

}  // namespace obj::sim
