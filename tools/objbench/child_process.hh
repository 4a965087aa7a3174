// SPDX-License-Identifier: Apache-2.0
// tools/objbench/child_process.hh -- a process that ends no later than its owner.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

// A child of this process. The destructor kills it, and so does the kernel when this process ends
// in whatever way.
class ChildProcess {
 public:
  struct Program {
    std::string path;
    std::vector<std::string> arguments;    // without argv[0]
    std::vector<std::string> environment;  // NAME=value, added to or replacing this process's
    int output = -1;                       // descriptor for standard output; -1: as here
    int error = -1;                        // the same for standard error
  };

  // Runs `body` in a copy of this process; its value is the exit status.
  // REQUIRES: this process has one thread.
  static Outcome<ChildProcess> fork(const std::function<int()>& body);

  // Starts a program. A program that cannot be started exits with status 127.
  static Outcome<ChildProcess> execute(const Program& program);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // Readable once it has ended.
  int pidfd() const { return pidfd_.get(); }

  // Whether it has ended within the time.
  bool wait(int timeout_ms);
  // "exited with status 3" or "killed by signal 9"; empty while it runs.
  std::string fate();
  // Waits for it to exit with status 0. Otherwise says what happened instead.
  Outcome<void> join(int timeout_ms);
  void signal(int number) const;

 private:
  ChildProcess(pid_t pid, obj::UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_;  // 0: moved away
  obj::UniqueFd pidfd_;
  std::optional<int> wait_status_;  // once reaped
};

}  // namespace objbench
