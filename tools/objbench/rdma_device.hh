// SPDX-License-Identifier: Apache-2.0
// tools/objbench/rdma_device.hh -- the RDMA device that figures are measured on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/objbench/outcome.hh"

namespace objbench {

struct RdmaDevice {
  std::string name;  // "mlx5_0"
  uint32_t port = 1;
  // Of its RoCEv2 GID that is an IPv4 address. None: an InfiniBand port, which needs none.
  std::optional<uint32_t> gid_index;
  // Where nodes listen so that they use it: that IPv4 address. Empty for InfiniBand.
  std::string address;

  // As objd takes it: "mlx5_0:1".
  std::string text() const { return name + ":" + std::to_string(port); }
};

// The first one with a port that is up, by name, or `wanted`: "DEVICE" or "DEVICE:PORT". Fails with
// what is there instead. Reads only `sysfs`, which is /sys/class/infiniband except in tests.
Outcome<RdmaDevice> find_rdma_device(const std::string& wanted,
                                     const std::string& sysfs = "/sys/class/infiniband");

}  // namespace objbench
