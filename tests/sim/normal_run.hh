// SPDX-License-Identifier: Apache-2.0
// tests/sim/normal_run.hh -- which seeds every run of the tests goes through.
#pragma once

#include <cstdint>

namespace obj::sim {

// A sanitizer makes a run some twenty times slower, and looks for other things than the invariants.
#if defined(SIM_SANITIZED)
inline constexpr uint64_t kNormalRunSeeds = 40;
inline constexpr uint64_t kFreshSeeds = 10;
#else
// Seeds 1 to this one. Each mutant must fail for at least one of them.
inline constexpr uint64_t kNormalRunSeeds = 1000;
inline constexpr uint64_t kFreshSeeds = 100;
#endif

}  // namespace obj::sim
