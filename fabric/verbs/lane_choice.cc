// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/lane_choice.hh"

#include <algorithm>

namespace obj::verbs {

std::optional<size_t> choose_lane(std::span<const LaneLoad> lanes, uint32_t size_bytes) {
  uint64_t fastest = 0;
  for (const LaneLoad& lane : lanes) {
    if (lane.is_up) fastest = std::max(fastest, lane.rail_bytes_per_s);
  }
  const auto seconds = [&](const LaneLoad& lane) {
    const uint64_t known = lane.rail_bytes_per_s != 0 ? lane.rail_bytes_per_s : fastest;
    const double rate = known != 0 ? static_cast<double>(known) : 1.0;
    return static_cast<double>(lane.rail_bytes + size_bytes) / rate;
  };
  std::optional<size_t> best;
  for (size_t i = 0; i < lanes.size(); i++) {
    if (!lanes[i].is_up) continue;
    if (!best) {
      best = i;
      continue;
    }
    const double mine = seconds(lanes[i]);
    const double others = seconds(lanes[*best]);
    const bool is_better =
        mine < others || (mine == others && lanes[i].lane_bytes < lanes[*best].lane_bytes);
    if (is_better) best = i;
  }
  return best;
}

}  // namespace obj::verbs
