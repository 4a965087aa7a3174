// SPDX-License-Identifier: Apache-2.0
// fabric/pull/rate_meter.hh -- how fast a source has been delivering. Pure: the clock is passed in.
#pragma once

#include <cstdint>

namespace obj {

// Counts bytes against the time during which something was asked of the source: idle time says
// nothing about its speed. A moving average over windows of at least kWindowNs.
class RateMeter {
 public:
  // A read was posted; `first`: nothing was in flight before.
  void on_post(bool first, uint64_t now_ns);
  // A read completed; failed ones bring no bytes but took time. `last`: nothing is in flight now.
  void on_complete(uint64_t size_bytes, bool last, uint64_t now_ns);

  // 0: not known, or last known so long ago that it should be tried again.
  uint64_t bytes_per_s(uint64_t now_ns) const;

  static constexpr uint64_t kWindowNs = 5'000'000;
  static constexpr uint64_t kForgetNs = 10'000'000'000;

 private:
  void close_window();

  uint64_t bytes_per_s_ = 0;
  uint64_t window_bytes_ = 0;
  uint64_t window_busy_ns_ = 0;
  uint64_t busy_since_ns_ = 0;  // valid while something is in flight
  uint64_t last_ns_ = 0;        // of the last completion
};

}  // namespace obj
