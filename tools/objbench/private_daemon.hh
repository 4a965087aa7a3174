// SPDX-License-Identifier: Apache-2.0
// tools/objbench/private_daemon.hh -- an objd of our own, for one measurement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/objbench/child_process.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

// Started on a socket in a directory of ours, with huge pages if they can be had, and without the
// machine's configuration file. The destructor stops it.
class PrivateDaemon {
 public:
  struct Options {
    std::string binary;
    std::string directory;      // for socket and log
    uint64_t memory_bytes = 0;  // of the arena
    uint32_t objects_max = 0;
    std::vector<std::string> arguments = {};    // further flags
    std::vector<std::string> environment = {};  // NAME=value
  };

  // Returns once clients can connect. Fails where the memory is not there, or with objd's last
  // words.
  static Outcome<PrivateDaemon> start(const Options& options);

  PrivateDaemon(PrivateDaemon&&) noexcept = default;
  PrivateDaemon& operator=(PrivateDaemon&&) = delete;
  ~PrivateDaemon();

  const std::string& socket() const { return socket_; }
  pid_t pid() const { return process_.pid(); }

  // Why it is gone: its fate and last words. Empty if it still runs after the time given.
  std::string obituary(int timeout_ms);

 private:
  PrivateDaemon(const Options& options, ChildProcess process);

  std::string socket_;
  std::string log_;
  ChildProcess process_;
};

}  // namespace objbench
