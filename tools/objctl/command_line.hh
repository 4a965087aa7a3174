// SPDX-License-Identifier: Apache-2.0
// tools/objctl/command_line.hh -- arguments to an Invocation. Pure: asks and prints nothing.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "tools/objctl/invocation.hh"

namespace objctl {

// What to say instead of doing anything: help, the version, or what is wrong with the arguments.
struct Reply {
  int exit_code;
  std::string out;
  std::string error;
};

// `arguments`: without the program's name.
std::expected<Invocation, Reply> parse_command_line(const std::vector<std::string>& arguments);

}  // namespace objctl
