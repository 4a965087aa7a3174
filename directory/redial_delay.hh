// SPDX-License-Identifier: Apache-2.0
// directory/redial_delay.hh -- how long to wait before the directory is dialled again. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

namespace obj::directory {

// Doubles from `least_ms` to `most_ms` with each failure in a row. Between half and all of it is
// used, at random: a thousand nodes that lost the same directory must not come back in step.
class RedialDelay {
 public:
  // REQUIRES: 0 < least_ms <= most_ms.
  RedialDelay(uint32_t least_ms, uint32_t most_ms, uint64_t seed)
      : least_ms_(least_ms), most_ms_(most_ms), next_ms_(least_ms), random_(seed) {}

  uint64_t after_failure_ns() {
    const uint64_t delay_ns = uint64_t{next_ms_} * 1'000'000;
    next_ms_ = next_ms_ > most_ms_ / 2 ? most_ms_ : next_ms_ * 2;
    return delay_ns / 2 + random_() % (delay_ns / 2 + 1);
  }
  void after_success() { next_ms_ = least_ms_; }

 private:
  uint32_t least_ms_;
  uint32_t most_ms_;
  uint32_t next_ms_;
  std::mt19937_64 random_;
};

}  // namespace obj::directory
