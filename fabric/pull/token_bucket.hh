// SPDX-License-Identifier: Apache-2.0
// fabric/pull/token_bucket.hh -- a limit in bytes per second. Pure: the clock is passed in.
#pragma once

#include <cstdint>

namespace obj {

// Kept as the time at which everything sent so far is paid for. Sending is allowed up to kBurstNs
// before that, so a caller that comes late by less loses nothing. What is sent may be larger than
// the credit: the debt delays the next one, and the rate over time is exact.
class TokenBucket {
 public:
  // 0: no limit. What is still owed is owed at the new rate.
  void set_rate(uint64_t bytes_per_s, uint64_t now_ns);
  uint64_t rate() const { return bytes_per_s_; }

  // When the next byte may go: not after now_ns means now.
  uint64_t ready_at_ns() const { return paid_at_ns_ < kBurstNs ? 0 : paid_at_ns_ - kBurstNs; }
  bool ready(uint64_t now_ns) const { return bytes_per_s_ == 0 || ready_at_ns() <= now_ns; }

  void take(uint32_t size_bytes, uint64_t now_ns);

  static constexpr uint64_t kBurstNs = 5'000'000;

 private:
  uint64_t bytes_per_s_ = 0;
  uint64_t paid_at_ns_ = 0;
};

}  // namespace obj
