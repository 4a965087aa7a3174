// SPDX-License-Identifier: Apache-2.0
// tests/loopback/support/objdir_process.hh -- the real objdir, as a process of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/loopback/support/temp_dir.hh"

namespace obj {

// Runs $OBJDIR on a free port of 127.0.0.1, with an empty configuration file and a secret. It may
// not be ready yet: clients redial. SIGKILL on destruction, if it still runs.
class ObjdirProcess {
 public:
  explicit ObjdirProcess(const std::vector<std::string>& flags = {});
  ~ObjdirProcess();
  ObjdirProcess(const ObjdirProcess&) = delete;
  ObjdirProcess& operator=(const ObjdirProcess&) = delete;

  const std::string& address() const { return address_; }
  uint16_t port() const { return port_; }
  static constexpr const char* kSecret = "of this test";

  // Starts it again on the same port. REQUIRES: it has ended.
  void restart();
  // SIGTERM, and its exit code; minus the signal, if one ended it.
  int terminate();
  void kill();
  void freeze();
  void thaw();

 private:
  TempDir dir_;
  uint16_t port_;
  std::string address_;
  std::vector<std::string> argv_;
  pid_t pid_ = -1;  // -1: has ended
};

}  // namespace obj
