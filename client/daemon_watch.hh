// SPDX-License-Identifier: Apache-2.0
// client/daemon_watch.hh -- waits for the daemon's next completion: polls a little, then sleeps.
#pragma once

#include <cstdint>

#include "base/adaptive_spin.hh"
#include "client/daemon_line.hh"
#include "client/exchange.hh"

namespace obj::client {

// Lifetime: `exchange` must outlive it.
// Threads:  one at a time: the leader, without the lock that guards the exchange.
class DaemonWatch {
 public:
  DaemonWatch(Exchange& exchange, DaemonLine line, uint64_t spin_ns)
      : exchange_(exchange), line_(line), spin_(spin_ns) {}

  // Until completions wait, the daemon hangs up, or `deadline_ns`; may end early with kNothing.
  DaemonLine::Heard await(uint64_t deadline_ns);

 private:
  Exchange& exchange_;
  const DaemonLine line_;
  AdaptiveSpin spin_;
};

}  // namespace obj::client
