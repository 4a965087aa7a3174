// SPDX-License-Identifier: Apache-2.0
// tests/loopback/support/child.hh -- a process of the test's own, and a line to talk with it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/unique_fd.hh"

namespace obj {

// One end of a two-way line of short messages.
class TalkLine {
 public:
  explicit TalkLine(UniqueFd socket) : socket_(std::move(socket)) {}

  void say(const std::string& message) const;
  // The next message; empty if the other end is gone, or silent for kPatienceMs.
  std::string hear() const;
  void hang_up() { socket_ = UniqueFd(-1); }

 private:
  UniqueFd socket_;
};

// Runs a function in a forked process. Killed, if it still runs, on destruction.
//
// Threads: fork only while the test has one thread, or the child may find a lock held for ever.
class Child {
 public:
  // `body` gets its end of the line; what it returns is the exit code.
  explicit Child(const std::function<int(TalkLine&)>& body);
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;

  const TalkLine& line() const { return line_; }
  pid_t pid() const { return pid_; }

  // Waits for its end. The exit code, or minus the signal that ended it.
  int wait();
  // SIGKILL; returns when it is gone. As wait(): not -SIGKILL if it had ended by itself.
  int kill();

 private:
  TalkLine line_;
  pid_t pid_;  // -1: moved from
  bool is_over_ = false;
  int end_ = 0;  // once it is over
};

// Waits for `pid`, a child of this process, to end. As Child::wait().
int wait_for_process(pid_t pid);

}  // namespace obj
