// SPDX-License-Identifier: Apache-2.0
// tests/sim/normal_run.hh -- which seeds every run of the tests goes through.
#pragma once

#include <cstdint>

namespace obj::sim {

// Seeds 1 to this one. Each mutant must fail for at least one of them.
inline constexpr uint64_t kNormalRunSeeds = 400;

}  // namespace obj::sim
