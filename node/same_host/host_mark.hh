// SPDX-License-Identifier: Apache-2.0
// node/same_host/host_mark.hh -- what two processes compare to learn that they run on one machine.
#pragma once

#include <array>
#include <cstdint>

#include "base/result.hh"

namespace obj {

// Equal marks: one kernel, since it was booted, and one network namespace, so that an abstract
// socket of one can be reached by the other. Containers with a network of their own differ.
struct HostMark {
  std::array<uint8_t, 16> boot_id{};
  uint64_t net_namespace = 0;

  // kSystem: /proc does not say.
  static Result<HostMark> of_this_process();

  friend bool operator==(const HostMark&, const HostMark&) = default;
};

}  // namespace obj
