// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/locked_memory.hh -- is there room to pin what a device must reach, and what mends it
// if not. Pure but for LockedMemory::read().
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace obj::verbs {

// What the kernel counts against this process.
struct LockedMemory {
  uint64_t limit_bytes = UINT64_MAX;  // RLIMIT_MEMLOCK
  uint64_t pinned_bytes = 0;          // already
  bool is_unlimited = false;          // CAP_IPC_LOCK: the limit does not count

  static LockedMemory read();
};

// Each device pins its own registration, and the kernel counts each. Nothing: there is room. Else a
// sentence with the need, the limit, and the lines that mend it for each way to start a daemon.
std::optional<std::string> locked_memory_shortage(const LockedMemory& now,
                                                  uint64_t registered_bytes, uint64_t ports);

}  // namespace obj::verbs
