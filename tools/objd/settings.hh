// SPDX-License-Identifier: Apache-2.0
// tools/objd/settings.hh -- from defaults, configuration file and flags to a NodeConfig.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "node/config.hh"

namespace obj {

// What the command line asks objd to do.
struct ObjdCommand {
  enum class What : uint8_t { kRun, kPrintConfig, kExit };
  What what = What::kRun;
  int exit_code = 0;  // of kExit: help and version were printed, or an error was
  NodeConfig node;
  std::string log_level;
  std::string log_file;
};

// Reads defaults, then the configuration file, then the flags; the later wins. Prints help, version
// and errors itself. An unknown key, or a value that means nothing, is an error that names where it
// stands.
ObjdCommand read_command_line(int argc, char** argv);

// key = "value" lines, each below a comment that says where the value came from. A configuration
// file.
std::string print_config(const NodeConfig& config);

// "4096", "512M", "8GiB" (powers of 1024), as bytes; a sentence if it is not a size.
std::expected<uint64_t, std::string> parse_size(const std::string& text);

}  // namespace obj
