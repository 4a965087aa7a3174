// SPDX-License-Identifier: Apache-2.0
// node/sleep_time.hh -- how long a reactor may sleep before a deadline.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.hh"

namespace obj {

// For Reactor::run_once(). Rounded up: waking a little late is a little late, waking early would
// spin.
inline int sleep_ms_until(uint64_t deadline_ns, uint64_t now_ns) {
  constexpr uint64_t kSleepMsMax = 60'000;
  if (deadline_ns == kForeverNs) return -1;
  if (deadline_ns <= now_ns) return 0;
  return static_cast<int>(std::min((deadline_ns - now_ns + 999'999) / 1'000'000, kSleepMsMax));
}

}  // namespace obj
