// SPDX-License-Identifier: Apache-2.0
// fabric/pull/backoff.hh -- how long to leave something alone that failed. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/check.hh"
#include "fabric/pull/jitter.hh"

namespace obj {

// Doubles from `least_ns` up to `most_ns` with every failure in a row. Half of each delay is
// random: a thousand readers that lost the same holder must not come back in the same instant.
class Backoff {
 public:
  // REQUIRES: 0 < least_ns <= most_ns.
  Backoff(uint64_t least_ns, uint64_t most_ns) : least_ns_(least_ns), most_ns_(most_ns) {
    OBJ_CHECK(least_ns > 0 && least_ns <= most_ns);
  }

  // Another failure: the delay until the next attempt.
  uint64_t next(Jitter& jitter) {
    const uint32_t doublings = std::min(failures_, kDoublingsMax);
    failures_++;
    const uint64_t delay_ns = most_ns_ >> doublings < least_ns_ ? most_ns_ : least_ns_ << doublings;
    return jitter.between(delay_ns - delay_ns / 2, delay_ns);
  }

  // Progress was made.
  void reset() { failures_ = 0; }

  uint32_t failures() const { return failures_; }

 private:
  static constexpr uint32_t kDoublingsMax = 63;

  uint64_t least_ns_;
  uint64_t most_ns_;
  uint32_t failures_ = 0;  // in a row
};

}  // namespace obj
