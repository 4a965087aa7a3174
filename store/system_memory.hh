// SPDX-License-Identifier: Apache-2.0
// store/system_memory.hh -- how much memory this process may use, and how much of it is there now.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hh"
#include "store/system_files.hh"

namespace obj {

struct SystemMemory {
  uint64_t usable_bytes;     // the machine's, or the tightest cgroup limit on us if that is less
  uint64_t available_bytes;  // that could be taken now without swapping or the OOM killer
  std::string bottleneck;    // what says so: "MemAvailable", or the cgroup's file

  // From /proc/meminfo and the memory limits of our cgroup and its ancestors, version 2 and 1.
  // kSystem if /proc/meminfo cannot be read.
  static Result<SystemMemory> read(const SystemFiles& files);
};

}  // namespace obj
