// SPDX-License-Identifier: Apache-2.0
#include "client/touch_log.hh"

namespace obj::client {

constinit thread_local uint32_t thread_lane_plus_1 = 0;

uint32_t give_thread_lane() {
  static constinit std::atomic<uint32_t> threads_seen{0};
  const uint32_t number = threads_seen.fetch_add(1, std::memory_order_relaxed);
  return thread_lane_plus_1 = number % session::kTouchLanes + 1;
}

}  // namespace obj::client
