// SPDX-License-Identifier: Apache-2.0
// tools/objbench/paired_program.hh -- yardsticks of others that are two processes: one listens on
// this machine, the other connects, measures and prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/objbench/outcome.hh"

namespace objbench {

struct PairedProgram {
  std::string name;     // found in $PATH
  std::string package;  // that has it, for who has not
  std::vector<std::string> listener_arguments;
  std::vector<std::string> connector_arguments;
  std::vector<std::string> environment = {};  // NAME=value
};

// What the connecting process printed, once it has exited with status 0.
Outcome<std::string> run_pair(const PairedProgram& program);

// A program's path in $PATH, or which package to install.
Outcome<std::string> find_program(const std::string& name, const std::string& package);

// A TCP port that is free now.
Outcome<uint16_t> free_port();

// What `command`, of a shell, prints first; empty if it fails.
std::string first_words_of(const std::string& command);

}  // namespace objbench
