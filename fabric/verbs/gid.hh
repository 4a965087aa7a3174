// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/gid.hh -- the addresses of RDMA ports, and which of a port's several is used first.
// Pure.
//
// A RoCE port has a GID for each address of its interface, and each of those twice: RoCE version 1
// (Ethernet frames of its own, not routed) and version 2 (UDP). Two ports reach each other only
// with GIDs of one kind. Mixing them up is the most reported failure of RoCE set-ups, so nodes tell
// each other the bytes and the kind of a GID and never its index, which means something else
// elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace obj::verbs {

// Values are the wire's. In the order in which they are tried on one port.
enum class GidKind : uint8_t {
  kInfiniband = 1,  // an InfiniBand port: the partner is found by its LID
  kRoceV2Ipv4,      // routed like any UDP packet
  kRoceV2Ipv6,
  kRoceV2LinkLocal,  // one Ethernet segment only
  kRoceV1,           // likewise, and switches do not know it for RoCE
};
inline constexpr uint8_t kGidKindFirst = static_cast<uint8_t>(GidKind::kInfiniband);
inline constexpr uint8_t kGidKindLast = static_cast<uint8_t>(GidKind::kRoceV1);

const char* to_string(GidKind kind);

using Gid = std::array<uint8_t, 16>;  // network byte order

struct GidEntry {
  Gid gid{};
  GidKind kind = GidKind::kRoceV1;
  uint32_t index = 0;  // in the port's table, on this node

  friend bool operator==(const GidEntry&, const GidEntry&) = default;
};

enum class GidTable : uint8_t {
  kInfiniband,
  kRoceV1,
  kRoceV2
};  // what the kernel says of an entry

// Nothing: the entry is empty.
std::optional<GidKind> kind_of(const Gid& gid, GidTable table);

// "10.99.0.1", or the sixteen bytes as an IPv6 address.
std::string to_text(const Gid& gid);
// The GID that an IPv4 address has. Nothing: not an IPv4 address in digits.
std::optional<Gid> gid_of_ipv4(const std::string& address);

// One of each kind, best kind first; among those of one kind `preferred` if it is there, else the
// one that comes first in the port's table.
std::vector<GidEntry> ranked(std::span<const GidEntry> gids, const std::optional<Gid>& preferred);

}  // namespace obj::verbs
