// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/port_choice.hh -- which ports carry the reads of this node. Pure.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fabric/verbs/device_info.hh"

namespace obj::verbs {

struct PortWishes {
  // "mlx5_0", "mlx5_0:1", several with commas, "all"; empty: one port, chosen here.
  std::string devices;
  // The port that has this address, which other nodes reach this one at, is chosen first.
  std::optional<Gid> address;
};

struct ChosenPort {
  std::string device;
  uint8_t port = 0;
  std::vector<GidEntry> gids;  // best first, one of each kind; not empty
};

inline constexpr size_t kPortsMax = 4;

// Empty devices: of the usable ports the one with the wished address, else the fastest, else the
// first. On failure: a sentence that names each candidate with what is wrong with it. No device at
// all is a failure too.
std::expected<std::vector<ChosenPort>, std::string> choose_ports(
    std::span<const DeviceInfo> devices, const PortWishes& wishes);

// What keeps this port from being used; empty: nothing does.
std::string obstacle(const DeviceInfo& device, const PortInfo& port);

}  // namespace obj::verbs
