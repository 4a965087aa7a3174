// SPDX-License-Identifier: Apache-2.0
// tools/objbench/local_command.hh -- `objbench local`: load of one's own choice.
#pragma once

#include <cstdint>
#include <string>

#include "tools/objbench/load.hh"
#include "tools/objbench/supervisor.hh"

namespace objbench {

struct LocalOptions {
  LoadSpec load;
  std::string socket;         // of a running objd; empty: a private one
  std::string objd;           // binary of the private one; empty: find one
  uint64_t memory_bytes = 0;  // its arena; 0: as much as the load needs
  bool as_json = false;
};

// Prints on standard output; problems on standard error. Returns the exit status: 2 for what the
// caller got wrong, 1 if the load failed.
int run_local(const LocalOptions& options, Supervisor& supervisor);

}  // namespace objbench
