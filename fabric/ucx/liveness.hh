// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/liveness.hh -- when to send a heartbeat, and when a silent peer is given up. Pure.
#pragma once

#include <cstdint>

namespace obj::ucx {

// Ticks come twice each heartbeat period. A side that sent nothing since its last tick sends a
// heartbeat, so a peer that lives is heard at least once each period.
//
// Silence is counted in ticks, not in time: a process that was stopped itself counts one tick when
// it runs again, reads what came meanwhile, and does not take all its peers for dead.
class Liveness {
 public:
  enum class Verdict : uint8_t { kFine, kBeat, kDead };

  // `misses_max` periods without a word are too many. REQUIRES: misses_max > 0.
  explicit Liveness(uint32_t misses_max) : silent_ticks_max_(2 * misses_max) {}

  void on_heard() { heard_ = true; }
  void on_sent() { sent_ = true; }

  Verdict tick() {
    silent_ticks_ = heard_ ? 0 : silent_ticks_ + 1;
    const bool was_quiet = !sent_;
    heard_ = sent_ = false;
    if (silent_ticks_ > silent_ticks_max_) return Verdict::kDead;
    return was_quiet ? Verdict::kBeat : Verdict::kFine;
  }

 private:
  uint32_t silent_ticks_max_;
  uint32_t silent_ticks_ = 0;
  bool heard_ = true;
  bool sent_ = true;
};

}  // namespace obj::ucx
