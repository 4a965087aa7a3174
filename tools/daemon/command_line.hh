// SPDX-License-Identifier: Apache-2.0
// tools/daemon/command_line.hh -- from defaults, configuration file and flags to a daemon's
// settings.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "node/config.hh"
#include "tools/daemon/setting.hh"

namespace obj {

struct Program {
  std::string name;
  std::string version;
  std::string purpose;  // a sentence for --help
  std::string default_config_file;
};

// What the command line asks for, and every setting as it is in force.
struct CommandLine {
  enum class What : uint8_t { kRun, kPrintConfig, kExit };
  What what = What::kRun;
  int exit_code = 0;  // of kExit: help and version were printed, or an error was
  std::vector<ShownSetting> shown;
};

// Reads defaults, then the configuration file, then the flags; the later wins; and applies each
// value. Prints help, version and errors itself. An unknown key, or a value that means nothing, is
// an error that names where it stands.
CommandLine read_command_line(const Program& program, std::span<const Setting> settings, int argc,
                              char** argv);

// key = "value" lines, each below a comment that says where the value came from. A configuration
// file.
std::string print_config(std::span<const ShownSetting> shown);

}  // namespace obj
