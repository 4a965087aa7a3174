// SPDX-License-Identifier: Apache-2.0
// tools/objbench/process_time.hh -- what a process has used of the processors.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "tools/objbench/outcome.hh"

namespace objbench {

// CPU time of all threads of a process so far, as the scheduler counts it: to the nanosecond.
Outcome<uint64_t> run_time_ns(pid_t pid);

}  // namespace objbench
