// SPDX-License-Identifier: Apache-2.0
// tools/objbench/readiness.hh -- how a started daemon says that it is ready.
#pragma once

#include <cstdint>
#include <string>

#include "base/unique_fd.hh"
#include "tools/objbench/child_process.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

// The receiving end of sd_notify(3): a datagram socket whose path the daemon finds in
// $NOTIFY_SOCKET.
class Readiness {
 public:
  // Creates the socket in `directory`.
  static Outcome<Readiness> create(const std::string& directory);

  // "NOTIFY_SOCKET=path", for the daemon's environment.
  std::string environment() const { return "NOTIFY_SOCKET=" + path_; }

  // Until READY=1 came. Fails when `daemon` ends before, or at the deadline.
  Outcome<void> wait(ChildProcess& daemon, int timeout_ms) const;

 private:
  Readiness(std::string path, obj::UniqueFd socket)
      : path_(std::move(path)), socket_(std::move(socket)) {}
  bool take_ready() const;

  std::string path_;
  obj::UniqueFd socket_;
};

}  // namespace objbench
