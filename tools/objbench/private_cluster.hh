// SPDX-License-Identifier: Apache-2.0
// tools/objbench/private_cluster.hh -- several objd of our own on this machine, one cluster.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tools/objbench/outcome.hh"
#include "tools/objbench/private_daemon.hh"

namespace objbench {

// The first node runs the directory, and ends last.
class PrivateCluster {
 public:
  struct Options {
    std::string binary;
    std::string directory;  // each node gets a folder in it
    uint32_t nodes = 2;
    uint64_t memory_bytes = 0;  // of each node's arena
    uint32_t objects_max = 1u << 17;
    std::string transports = "tcp";           // UCX_TLS
    std::string address = "127.0.0.1";        // that all listen on, at ports of their own
    std::vector<std::string> arguments = {};  // further flags, of each node
  };

  // Returns once the directory knows all nodes.
  static Outcome<PrivateCluster> start(const Options& options);

  PrivateCluster(PrivateCluster&&) noexcept = default;
  PrivateCluster& operator=(PrivateCluster&&) = delete;
  ~PrivateCluster();

  std::vector<std::string> sockets() const;
  std::vector<pid_t> pids() const;

  // `sentence`, and behind it the last words of each node that has died.
  std::string with_obituaries(const std::string& sentence);

 private:
  PrivateCluster() = default;

  std::vector<PrivateDaemon> nodes_;
};

}  // namespace objbench
