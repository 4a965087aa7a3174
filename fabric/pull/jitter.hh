// SPDX-License-Identifier: Apache-2.0
// fabric/pull/jitter.hh -- small seeded randomness, so that nodes do not act in step.
#pragma once

#include <cstdint>

#include "base/check.hh"

namespace obj {

// SplitMix64. The seed is passed in, so that a simulated run can be repeated.
class Jitter {
 public:
  explicit Jitter(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    return mix(state_);
  }

  // Uniform in [least, most], but for a bias of less than 2^-30 with spans below 2^34.
  // REQUIRES: least <= most, and not the whole range of 64 bits.
  uint64_t between(uint64_t least, uint64_t most) {
    OBJ_CHECK(least <= most);
    return least + next() % (most - least + 1);
  }

  static constexpr uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace obj
