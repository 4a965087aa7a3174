// SPDX-License-Identifier: Apache-2.0
// tools/objbench/remote_command.hh -- `objbench remote`: load between nodes, of one's own choice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/objbench/remote_load.hh"
#include "tools/objbench/supervisor.hh"

namespace objbench {

struct RemoteOptions {
  RemoteSpec load;
  std::vector<std::string> sockets;  // of a running cluster; empty: a private one
  uint32_t spawn = 0;                // nodes of the private one; 0: as many as the load needs
  uint64_t chunk_bytes = 0;          // its object_chunk_size; 0: objd's default
  uint64_t memory_bytes = 0;         // of each arena; 0: as much as the load needs
  std::string transport;             // its data plane: "verbs", "ucx"; empty: as objd chooses
  std::string rdma_device;           // for verbs; empty: the first that is up
  std::string transports = "tcp";    // its UCX_TLS, and that of the comparison
  std::string objd;                  // its binary; empty: find one
  bool compare = false;              // with ucx_perftest, or perftest for verbs
  bool as_json = false;
};

// Prints on standard output; problems on standard error. Returns the exit status: 2 for what the
// caller got wrong, 1 if the load failed.
int run_remote(const RemoteOptions& options, Supervisor& supervisor);

}  // namespace objbench
