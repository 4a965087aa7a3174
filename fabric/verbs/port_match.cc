// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/port_match.hh"

#include <algorithm>
#include <bit>
#include <vector>

namespace obj::verbs {
namespace {

// Beyond this it is one host's addresses that are alike, not subnets: two ports of one network
// must take turns although one is "nearer".
constexpr uint32_t kSubnetBitsMax = 96 + 24;

uint32_t common_bits(const Gid& left, const Gid& right) {
  uint32_t bits = 0;
  for (size_t i = 0; i < left.size(); i++) {
    const auto differing = static_cast<uint8_t>(left[i] ^ right[i]);
    if (differing != 0) {
      bits += static_cast<uint32_t>(std::countl_zero(differing));
      break;
    }
    bits += 8;
  }
  return bits;
}

uint32_t nearness(const Gid& left, const Gid& right, GidKind kind) {
  const uint32_t most = kind == GidKind::kRoceV2Ipv4 ? kSubnetBitsMax : 64;
  return std::min(common_bits(left, right), most);
}

}  // namespace

std::optional<MatchedPort> match_port(std::span<const AdapterFacts* const> ports,
                                      const QueueAddress& reader, uint8_t lane) {
  std::vector<MatchedPort> nearest;
  uint32_t nearest_bits = 0;
  for (size_t i = 0; i < ports.size(); i++) {
    if (ports[i] == nullptr) continue;
    const auto gid = std::ranges::find(ports[i]->gids, reader.kind, &GidEntry::kind);
    if (gid == ports[i]->gids.end()) continue;
    const uint32_t bits = nearness(gid->gid, reader.gid, reader.kind);
    if (bits > nearest_bits) nearest.clear();
    if (bits >= nearest_bits || nearest.empty()) {
      nearest_bits = bits;
      nearest.push_back({static_cast<uint8_t>(i), *gid});
    }
  }
  if (nearest.empty()) return std::nullopt;
  return nearest[lane % nearest.size()];
}

}  // namespace obj::verbs
