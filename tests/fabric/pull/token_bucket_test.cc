// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/token_bucket_test.cc -- the rate over time, with a clock that is given.
#include "fabric/pull/token_bucket.hh"

#include <gtest/gtest.h>

#include <algorithm>

namespace obj {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint32_t kMiB = 1u << 20;

// Sends as soon as it may until `end_ns`, looking at the clock at most every `step_ns`.
uint64_t send_greedily(TokenBucket& bucket, uint64_t start_ns, uint64_t end_ns, uint32_t size_bytes,
                       uint64_t step_ns) {
  uint64_t sent = 0;
  uint64_t now_ns = start_ns;
  while (now_ns < end_ns) {
    if (bucket.ready(now_ns)) {
      bucket.take(size_bytes, now_ns);
      sent += size_bytes;
    } else {
      now_ns = std::max(now_ns + step_ns, bucket.ready_at_ns());
    }
  }
  return sent;
}

TEST(TokenBucket, without_a_rate_everything_may_go) {
  TokenBucket bucket;
  for (int i = 0; i < 1000; i++) {
    EXPECT_TRUE(bucket.ready(0));
    bucket.take(kMiB, 0);
  }
}

TEST(TokenBucket, keeps_the_rate_within_five_percent_over_five_seconds) {
  for (const uint64_t rate : {50'000'000ull, 1'000'000'000ull, 10'000'000'000ull}) {
    TokenBucket bucket;
    bucket.set_rate(rate, 0);
    const uint64_t sent = send_greedily(bucket, 0, 5 * kSecond, kMiB, 1);
    EXPECT_NEAR(static_cast<double>(sent), 5.0 * static_cast<double>(rate),
                0.05 * 5.0 * static_cast<double>(rate));
  }
}

TEST(TokenBucket, a_caller_that_is_late_by_less_than_the_burst_loses_nothing) {
  TokenBucket bucket;
  bucket.set_rate(100'000'000, 0);
  const uint64_t sent = send_greedily(bucket, 0, 5 * kSecond, 64 * 1024, 4'000'000);
  EXPECT_NEAR(static_cast<double>(sent), 5e8, 0.02 * 5e8);
}

TEST(TokenBucket, idleness_saves_no_more_than_the_burst) {
  TokenBucket bucket;
  bucket.set_rate(100'000'000, 0);
  const uint64_t sent = send_greedily(bucket, 3600 * kSecond, 3601 * kSecond, 4096, 1);
  EXPECT_LE(sent, 100'000'000u + 100'000'000u / 200 + 4096);
}

TEST(TokenBucket, a_new_rate_holds_at_once_also_for_the_debt) {
  TokenBucket bucket;
  bucket.set_rate(1000, 0);
  bucket.take(kMiB, 0);  // about 1048 s at this rate
  EXPECT_GT(bucket.ready_at_ns(), 1000 * kSecond);
  bucket.set_rate(1'000'000'000, 0);
  EXPECT_LE(bucket.ready_at_ns(), kSecond / 500);
  bucket.set_rate(0, 0);
  EXPECT_TRUE(bucket.ready(0));
}

}  // namespace
}  // namespace obj
