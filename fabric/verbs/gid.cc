// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/gid.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace obj::verbs {
namespace {

constexpr std::array<uint8_t, 12> kIpv4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_ipv4(const Gid& gid) {
  return std::equal(kIpv4Prefix.begin(), kIpv4Prefix.end(), gid.begin());
}

bool is_link_local(const Gid& gid) { return gid[0] == 0xfe && (gid[1] & 0xc0) == 0x80; }

}  // namespace

const char* to_string(GidKind kind) {
  switch (kind) {
    case GidKind::kInfiniband: return "InfiniBand";
    case GidKind::kRoceV2Ipv4: return "RoCEv2 IPv4";
    case GidKind::kRoceV2Ipv6: return "RoCEv2 IPv6";
    case GidKind::kRoceV2LinkLocal: return "RoCEv2 link-local";
    case GidKind::kRoceV1: return "RoCEv1";
  }
  return "unknown kind";
}

std::optional<GidKind> kind_of(const Gid& gid, GidTable table) {
  if (gid == Gid{}) return std::nullopt;
  switch (table) {
    case GidTable::kInfiniband: return GidKind::kInfiniband;
    case GidTable::kRoceV1: return GidKind::kRoceV1;
    case GidTable::kRoceV2: break;
  }
  if (is_ipv4(gid)) return GidKind::kRoceV2Ipv4;
  return is_link_local(gid) ? GidKind::kRoceV2LinkLocal : GidKind::kRoceV2Ipv6;
}

std::string to_text(const Gid& gid) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_ipv4(gid)) {
    ::inet_ntop(AF_INET, gid.data() + kIpv4Prefix.size(), text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, gid.data(), text, sizeof text);
  }
  return text;
}

std::optional<Gid> gid_of_ipv4(const std::string& address) {
  Gid gid{};
  std::ranges::copy(kIpv4Prefix, gid.begin());
  if (::inet_pton(AF_INET, address.c_str(), gid.data() + kIpv4Prefix.size()) != 1) return {};
  return gid;
}

std::vector<GidEntry> ranked(std::span<const GidEntry> gids, const std::optional<Gid>& preferred) {
  std::vector<GidEntry> result(gids.begin(), gids.end());
  const auto is_before = [&](const GidEntry& left, const GidEntry& right) {
    if (left.kind != right.kind) return left.kind < right.kind;
    const bool left_preferred = preferred && left.gid == *preferred;
    const bool right_preferred = preferred && right.gid == *preferred;
    if (left_preferred != right_preferred) return left_preferred;
    return left.index < right.index;
  };
  std::ranges::sort(result, is_before);
  const auto rest = std::ranges::unique(result, {}, &GidEntry::kind);
  result.erase(rest.begin(), rest.end());
  return result;
}

}  // namespace obj::verbs
