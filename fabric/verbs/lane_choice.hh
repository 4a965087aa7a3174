// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/lane_choice.hh -- which lane a read goes to. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace obj::verbs {

// What is known of a lane when a read is to be posted.
struct LaneLoad {
  bool is_up = false;
  uint64_t lane_bytes = 0;        // under way on this lane
  uint64_t rail_bytes = 0;        // under way on all lanes of its rail, to all peers
  uint64_t rail_bytes_per_s = 0;  // as measured; 0: not known
};

// The lane whose rail would finish first; on one rail the lane with the least to do. A rail of
// unknown speed is taken for as fast as the fastest known one, so that it gets its share and
// becomes known. Nothing: no lane is up.
std::optional<size_t> choose_lane(std::span<const LaneLoad> lanes, uint32_t size_bytes);

}  // namespace obj::verbs
