// SPDX-License-Identifier: Apache-2.0
// tools/objbench/figures_command.hh -- `objbench figures`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/objbench/supervisor.hh"

namespace objbench {

struct FiguresOptions {
  std::vector<std::string> names;  // empty: all
  std::string objd;                // empty: find one
  std::string rdma_device;         // empty: the first that is up
  uint32_t repeat = 3;
  bool as_json = false;
  bool list = false;
};

// Prints on standard output; problems on standard error. Returns the exit status: 2 for what the
// caller got wrong, else 0, whether targets are met or not.
int run_figures(const FiguresOptions& options, Supervisor& supervisor);

}  // namespace objbench
