// SPDX-License-Identifier: Apache-2.0
// tests/loopback/support/wait_until.hh -- wait for what another process does, with a bound.
#pragma once

#include <gtest/gtest.h>

#include <ctime>

#include "base/clock.hh"

namespace obj {

// Sanitizers stretch times; promises in milliseconds are scaled by this.
#if defined(__has_feature)
#define OBJ_TEST_IS_SANITIZED (__has_feature(thread_sanitizer) || __has_feature(address_sanitizer))
#elif defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define OBJ_TEST_IS_SANITIZED 1
#else
#define OBJ_TEST_IS_SANITIZED 0
#endif
inline constexpr uint64_t kSlowness = OBJ_TEST_IS_SANITIZED ? 10 : 1;

// Far longer than anything takes: only a failing test waits for it.
inline constexpr uint64_t kPatienceMs = 20'000;

// How many expectations of this test have failed.
inline int failure_count() {
  const auto* const info = testing::UnitTest::GetInstance()->current_test_info();
  return info == nullptr ? 0 : info->result()->total_part_count();
}

// Asks until `predicate` is true, or `limit_ms` are over: then false. Also false as soon as an
// expectation inside the predicate fails, so that a dead daemon fails a test once and at once.
template <class Predicate>
bool wait_until(Predicate predicate, uint64_t limit_ms = kPatienceMs) {
  const int failures_before = failure_count();
  const uint64_t deadline_ns = monotonic_ns() + limit_ms * 1'000'000;
  while (!predicate()) {
    if (monotonic_ns() > deadline_ns || failure_count() > failures_before) return false;
    const timespec pause{0, 200'000};
    ::nanosleep(&pause, nullptr);
  }
  return true;
}

inline double ms_since(uint64_t start_ns) {
  return static_cast<double>(monotonic_ns() - start_ns) / 1e6;
}

}  // namespace obj
