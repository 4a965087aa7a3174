// SPDX-License-Identifier: Apache-2.0
// tests/loopback/support/program.hh -- run one of our programs to its end.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace obj {

// Where the objd under test is: $OBJD, which the build sets.
std::string objd_path();

// Starts argv[0] with all output in the file `output_path`. `environment`: NAME=VALUE, added to
// ours.
pid_t start_program(const std::vector<std::string>& argv, const std::string& output_path,
                    const std::vector<std::string>& environment = {});

struct ProgramEnd {
  int exit_code;       // or minus the signal
  std::string output;  // both streams
};
ProgramEnd run_program(const std::vector<std::string>& argv,
                       const std::vector<std::string>& environment = {});

std::string content_of(const std::string& path);

}  // namespace obj
