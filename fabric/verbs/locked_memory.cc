// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/locked_memory.hh"

#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <algorithm>
#include <string_view>

namespace obj::verbs {
namespace {

constexpr int kCapIpcLock = 14;  // linux/capability.h

std::string mib(uint64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

}  // namespace

LockedMemory LockedMemory::read() {
  LockedMemory now;
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    now.limit_bytes = limit.rlim_cur;
  }
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    const std::string_view text = line;
    if (text.starts_with("VmPin:")) {
      now.pinned_bytes = std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
    } else if (text.starts_with("CapEff:")) {
      now.is_unlimited = std::strtoull(line.c_str() + 7, nullptr, 16) >> kCapIpcLock & 1;
    }
  }
  return now;
}

std::optional<std::string> locked_memory_shortage(const LockedMemory& now,
                                                  uint64_t registered_bytes, uint64_t ports) {
  if (now.is_unlimited || now.limit_bytes == UINT64_MAX) return std::nullopt;
  const uint64_t room_bytes = now.limit_bytes - std::min(now.limit_bytes, now.pinned_bytes);
  if (ports == 0 || registered_bytes <= room_bytes / ports) return std::nullopt;
  const std::string times = ports > 1 ? " for each of " + std::to_string(ports) + " ports" : "";
  return "RDMA needs " + mib(registered_bytes) + " of locked memory" + times + ", and " +
         mib(room_bytes) + " of the limit of " + mib(now.limit_bytes) +
         " are left; raise it: LimitMEMLOCK=infinity in the [Service] section of the systemd "
         "unit; in a shell `ulimit -l unlimited`; in a container `docker run --ulimit "
         "memlock=-1`; or give objd CAP_IPC_LOCK";
}

}  // namespace obj::verbs
