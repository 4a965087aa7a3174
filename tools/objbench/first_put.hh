// SPDX-License-Identifier: Apache-2.0
// tools/objbench/first_put.hh -- the first large put of a fresh process, and later ones.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/objbench/outcome.hh"

namespace objbench {

// The hidden subcommand that runs time_first_put() in a program that has just been started.
inline constexpr const char* kFirstPutCommand = "first-put";

// Speeds in bytes/s.
struct FirstPut {
  double first = 0;   // of the first put that this process does
  double later = 0;   // median of those after it
  double memcpy = 0;  // into the arena, at the same time and from the same source
  double streaming = 0;
  uint64_t later_puts = 0;

  NLOHMANN_DEFINE_TYPE_INTRUSIVE(FirstPut, first, later, memcpy, streaming, later_puts)
};

// REQUIRES: this process has not put anything yet.
Outcome<FirstPut> time_first_put(const std::string& socket, size_t size_bytes, uint32_t later_puts);

// The same in a fresh process.
Outcome<FirstPut> time_first_put_of_process(const std::string& socket, size_t size_bytes,
                                            uint32_t later_puts);

}  // namespace objbench
