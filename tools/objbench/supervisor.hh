// SPDX-License-Identifier: Apache-2.0
// tools/objbench/supervisor.hh -- runs each measurement apart, and leaves no process behind.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tools/objbench/outcome.hh"

namespace objbench {

// A measurement runs in a process of its own, with all that it starts in that process's group. So
// one that crashes, hangs or is interrupted costs neither the other figures nor anything that has
// to be cleaned up: when it is over, for whatever reason, nothing of its group is left.
//
// While one exists SIGINT, SIGTERM and SIGHUP are held back and only end the running measurement.
// Also puts back vm.nr_overcommit_hugepages, which private daemons may raise.
//
// Threads: the main thread of a process without others. One at a time.
class Supervisor {
 public:
  using Body = std::function<Outcome<std::string>()>;

  Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  // What `body` returned in its own process (at most 32 KiB), or what became of that process.
  Outcome<std::string> run(const Body& body, uint32_t deadline_s);

  // The signal that came, if one did: the caller should tidy up and end.
  std::optional<int> interrupted_by() const { return signal_; }

 private:
  [[noreturn]] void run_as_child(const Body& body, pid_t parent, int output) const;
  Outcome<void> wait_for(pid_t child, uint32_t deadline_s);
  void end_group(pid_t child) const;

  // Fixed after construction.
  sigset_t held_;    // the signals that are held back, and SIGCHLD
  sigset_t before_;  // the mask to restore, in children too
  std::string overcommit_before_;

  std::optional<int> signal_;
};

}  // namespace objbench
