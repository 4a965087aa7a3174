// SPDX-License-Identifier: Apache-2.0
// tests/loopback/support/objd_process.hh -- the real objd, as a process of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.hh"
#include "tests/loopback/support/client.hh"
#include "tests/loopback/support/temp_dir.hh"

namespace obj {

// Starts objd and waits until it accepts connections. By default it is small: 16 MiB, 4,096
// objects, no huge pages, no configuration file but an empty one. SIGKILL on destruction, if it
// still runs.
//
// What it printed is shown if the test fails.
class ObjdProcess {
 public:
  explicit ObjdProcess(const std::vector<std::string>& flags = {},
                       const std::vector<std::string>& environment = {});
  ~ObjdProcess();
  ObjdProcess(const ObjdProcess&) = delete;
  ObjdProcess& operator=(const ObjdProcess&) = delete;

  const std::string& socket() const { return socket_; }
  pid_t pid() const { return pid_; }
  std::string output() const;
  Client open(obj_open_options options = OBJ_OPEN_OPTIONS_INIT) const {
    return open_client(socket_, options);
  }

  // Starts it again on the same socket. REQUIRES: it has ended.
  void restart();
  // SIGTERM, and its exit code: 0 if all is well, sanitizers included.
  int terminate();
  void kill();

  // Its open descriptors.
  size_t descriptor_count() const;

  // The command line that starts it.
  const std::vector<std::string>& argv() const { return argv_; }

 private:
  TempDir dir_;
  std::string socket_;
  std::vector<std::string> argv_;
  std::vector<std::string> environment_;
  pid_t pid_ = -1;  // -1: has ended
};

// Connects to a Unix SOCK_SEQPACKET socket; holds none if nobody listens.
UniqueFd connect_to(const std::string& socket);

}  // namespace obj
