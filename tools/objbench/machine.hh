// SPDX-License-Identifier: Apache-2.0
// tools/objbench/machine.hh -- what the numbers were measured on.
#pragma once

#include <cstdint>
#include <string>

namespace objbench {

// CPU, cores, memory, kernel, page settings, load, build: what decides how fast this machine is. A
// line each, and `objd`, the daemon that is measured.
std::string machine_text(const std::string& objd);

// Memory that can be had without swapping (MemAvailable); 0 if the kernel does not tell.
uint64_t available_memory_bytes();

}  // namespace objbench
