// SPDX-License-Identifier: Apache-2.0
// tools/daemon/daemon_signals.hh -- SIGTERM, SIGINT and SIGHUP as events of a daemon's loop.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <functional>
#include <utility>

#include "base/log.hh"
#include "base/reactor.hh"
#include "base/unique_fd.hh"

namespace obj {

inline sigset_t daemon_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGHUP);
  return signals;
}

// For this thread and those that it starts: to be called before anything that starts threads, UCX
// included, since in a thread that does not block them each ends the process at once.
inline void block_daemon_signals() {
  const sigset_t signals = daemon_signals();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
}

// Calls `stop`, or for SIGHUP `reload`, on the reactor's thread. Lifetime: the reactor must outlive
// it.
class DaemonSignals : public FdHandler {
 public:
  DaemonSignals(Reactor& reactor, std::function<void()> stop, std::function<void()> reload)
      : reactor_(reactor), stop_(std::move(stop)), reload_(std::move(reload)) {
    block_daemon_signals();
    const sigset_t signals = daemon_signals();
    fd_ = UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~DaemonSignals() override {
    if (is_watched_) reactor_.unwatch(fd_.get(), *this);
  }

  Result<void> start() {
    const auto watched = reactor_.watch(fd_.get(), *this);
    is_watched_ = watched.has_value();
    return watched;
  }

  void on_ready() override {
    signalfd_siginfo signal;
    if (::read(fd_.get(), &signal, sizeof signal) != sizeof signal) return;
    if (signal.ssi_signo == SIGHUP) return reload_();
    log::info("stopping", {{"signal", signal.ssi_signo}});
    stop_();
  }

 private:
  Reactor& reactor_;
  std::function<void()> stop_;
  std::function<void()> reload_;
  UniqueFd fd_{-1};
  bool is_watched_ = false;
};

}  // namespace obj
