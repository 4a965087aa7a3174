// SPDX-License-Identifier: Apache-2.0
// base/clock.hh -- monotonic time, read by drivers only; decisions get it passed in.
#pragma once

#include <cstdint>
#include <ctime>

namespace obj {

// CLOCK_MONOTONIC in nanoseconds.
inline uint64_t monotonic_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// A deadline that never comes.
inline constexpr uint64_t kForeverNs = UINT64_MAX;

// `timeout_ms` from now; negative: kForeverNs.
constexpr uint64_t deadline_after_ms(uint64_t now_ns, int32_t timeout_ms) {
  return timeout_ms < 0 ? kForeverNs : now_ns + static_cast<uint64_t>(timeout_ms) * 1'000'000;
}

}  // namespace obj
