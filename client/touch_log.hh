// SPDX-License-Identifier: Apache-2.0
// client/touch_log.hh -- notes which objects were used, for the daemon's choice of victims.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "client/session/layout.hh"

namespace obj::client {

// This thread's number modulo the lanes, counted over all clients of the process. 0: not given yet.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local uint32_t thread_lane_plus_1;
uint32_t give_thread_lane();

// Threads of one lane may overwrite each other's notes; all that is lost is a hint. See "Recency"
// in docs/notes/pin_protocol.md.
//
// Lifetime: `lanes`, in the session segment, must outlive it.  Threads: any.
class TouchLog {
 public:
  // REQUIRES: lanes.size() == session::kTouchLanes.
  explicit TouchLog(std::span<session::TouchLane> lanes) : lanes_(lanes.data()) {}

  void note(uint32_t slot) {
    uint32_t lane_plus_1 = thread_lane_plus_1;
    if (lane_plus_1 == 0) [[unlikely]]
      lane_plus_1 = give_thread_lane();
    session::TouchLane& lane = lanes_[lane_plus_1 - 1];
    const uint32_t written = lane.written.load(std::memory_order_relaxed);
    lane.slot_plus_1[written % session::kTouchesPerLane].store(slot + 1, std::memory_order_relaxed);
    lane.written.store(written + 1, std::memory_order_relaxed);
  }

 private:
  session::TouchLane* lanes_;
};

}  // namespace obj::client
