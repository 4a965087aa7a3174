// SPDX-License-Identifier: Apache-2.0
// tools/objdir/settings.hh -- the settings of objdir.
#pragma once

#include <string>

#include "base/log.hh"
#include "node/directory_host.hh"
#include "tools/daemon/command_line.hh"

namespace obj {

// What the command line asks objdir to do.
struct ObjdirCommand {
  CommandLine line;
  DirectoryHostOptions host;
  log::Level log_level = log::Level::kInfo;
  std::string log_file;
};

ObjdirCommand read_objdir_command_line(int argc, char** argv);

}  // namespace obj
