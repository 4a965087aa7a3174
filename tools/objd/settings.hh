// SPDX-License-Identifier: Apache-2.0
// tools/objd/settings.hh -- the settings of objd, and the NodeConfig that they make.
#pragma once

#include <string>

#include "base/log.hh"
#include "node/config.hh"
#include "tools/daemon/command_line.hh"

namespace obj {

// What the command line asks objd to do.
struct ObjdCommand {
  using What = CommandLine::What;
  What what = What::kRun;
  int exit_code = 0;  // of kExit: help and version were printed, or an error was
  NodeConfig node;
  log::Level log_level = log::Level::kInfo;
  std::string log_file;
};

ObjdCommand read_command_line(int argc, char** argv);

// Whether a running objd takes over a new value of this key.
bool changes_live(const std::string& key);

}  // namespace obj
