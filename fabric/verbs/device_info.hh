// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/device_info.hh -- what a device says of itself and its ports, as plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fabric/verbs/gid.hh"

namespace obj::verbs {

struct PortInfo {
  uint8_t number = 0;
  bool is_active = false;
  bool is_ethernet = false;
  std::string state;  // for people, e.g. "PORT_DOWN"
  uint16_t lid = 0;   // InfiniBand only
  uint32_t mtu_bytes = 0;
  uint32_t message_bytes_max = 0;
  uint64_t bits_per_s = 0;  // as reported; soft-RoCE reports 2.5 Gbit/s whatever is below it
  std::vector<GidEntry> gids;
};

struct DeviceInfo {
  std::string name;
  bool has_queue_pairs = true;  // RoCE or InfiniBand; iWARP needs another way to connect
  std::string problem;          // why it could not be looked at; the rest is empty then

  uint64_t region_bytes_max = 0;
  uint32_t regions_max = 0;
  uint32_t completions_max = 0;  // entries of a completion queue
  uint32_t queue_pairs_max = 0;
  uint32_t works_max = 0;      // outstanding on a queue pair
  uint32_t reads_out_max = 0;  // READs that a queue pair may have under way
  uint32_t reads_in_max = 0;   // and may be asked for
  std::vector<PortInfo> ports;
};

}  // namespace obj::verbs
