// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/rate_meter_test.cc -- the observed rate, with a clock that is given.
#include "fabric/pull/rate_meter.hh"

#include <gtest/gtest.h>

namespace obj {
namespace {

constexpr uint64_t kMs = 1'000'000;

// One read after the other, each `read_ns` long, with `pause_ns` between them. Returns the time
// then.
uint64_t read_in_turn(RateMeter& meter, uint64_t now_ns, int reads, uint64_t size_bytes,
                      uint64_t read_ns, uint64_t pause_ns) {
  for (int i = 0; i < reads; i++) {
    meter.on_post(true, now_ns);
    now_ns += read_ns;
    meter.on_complete(size_bytes, true, now_ns);
    now_ns += pause_ns;
  }
  return now_ns;
}

TEST(RateMeter, knows_nothing_before_the_first_read) { EXPECT_EQ(RateMeter().bytes_per_s(0), 0u); }

TEST(RateMeter, the_first_read_gives_a_rate) {
  RateMeter meter;
  const uint64_t now_ns = read_in_turn(meter, 5, 1, 1'000'000, kMs, 0);
  EXPECT_EQ(meter.bytes_per_s(now_ns), 1'000'000'000u);
}

TEST(RateMeter, idle_time_does_not_count) {
  RateMeter meter;
  const uint64_t now_ns = read_in_turn(meter, 0, 200, 1'000'000, kMs, 50 * kMs);
  EXPECT_NEAR(static_cast<double>(meter.bytes_per_s(now_ns)), 1e9, 1e7);
}

TEST(RateMeter, reads_that_overlap_are_counted_together) {
  RateMeter meter;
  uint64_t now_ns = 0;
  meter.on_post(true, now_ns);
  for (int i = 0; i < 8; i++) meter.on_post(false, now_ns);
  for (int i = 0; i < 100; i++) {
    now_ns += kMs;
    meter.on_complete(2'000'000, false, now_ns);
    meter.on_post(false, now_ns);
  }
  EXPECT_NEAR(static_cast<double>(meter.bytes_per_s(now_ns)), 2e9, 2e7);
}

TEST(RateMeter, follows_a_source_that_becomes_slow) {
  RateMeter meter;
  uint64_t now_ns = read_in_turn(meter, 0, 20, 1'000'000, kMs, 0);
  now_ns = read_in_turn(meter, now_ns, 20, 1'000'000, 100 * kMs, 0);
  EXPECT_LT(meter.bytes_per_s(now_ns), 20'000'000u);
}

TEST(RateMeter, time_spent_on_failed_reads_counts_against_the_source) {
  RateMeter meter;
  uint64_t now_ns = read_in_turn(meter, 0, 20, 1'000'000, kMs, 0);
  now_ns = read_in_turn(meter, now_ns, 1, 0, 100 * kMs, 0);
  now_ns = read_in_turn(meter, now_ns, 1, 1'000'000, kMs, 0);
  EXPECT_LT(meter.bytes_per_s(now_ns), 600'000'000u);
}

TEST(RateMeter, an_old_rate_is_forgotten) {
  RateMeter meter;
  const uint64_t now_ns = read_in_turn(meter, 0, 5, 1'000'000, kMs, 0);
  EXPECT_GT(meter.bytes_per_s(now_ns + RateMeter::kForgetNs), 0u);
  EXPECT_EQ(meter.bytes_per_s(now_ns + RateMeter::kForgetNs + 1), 0u);
}

}  // namespace
}  // namespace obj
