// SPDX-License-Identifier: Apache-2.0
#include "client/daemon_watch.hh"

#include "base/clock.hh"
#include "base/cpu_relax.hh"

namespace obj::client {
namespace {

// The clock is read once in this many looks at the ring.
constexpr int kLooksPerClockRead = 8;

}  // namespace

DaemonLine::Heard DaemonWatch::await(uint64_t deadline_ns) {
  if (exchange_.completions_waiting()) return DaemonLine::Heard::kBell;
  uint64_t now_ns = monotonic_ns();
  spin_.on_activity(now_ns);
  // Not for a daemon that has yet to wake up: its answer takes as long as a wake-up of ours, and a
  // CPU that spins is one on which it cannot run.
  while (!exchange_.is_daemon_asleep() && spin_.should_spin(now_ns) && now_ns < deadline_ns) {
    for (int i = 0; i < kLooksPerClockRead; i++) {
      if (exchange_.completions_waiting()) return DaemonLine::Heard::kBell;
      cpu_relax();
    }
    spin_.pause(now_ns);
    now_ns = monotonic_ns();
  }
  exchange_.announce_sleep();
  spin_.on_sleep(now_ns);
  // Once more after the announcement: whatever comes later rings.
  const auto heard =
      exchange_.completions_waiting() ? DaemonLine::Heard::kBell : line_.sleep(now_ns, deadline_ns);
  exchange_.announce_wake();
  spin_.on_wake(monotonic_ns(), heard == DaemonLine::Heard::kBell);
  return heard;
}

}  // namespace obj::client
