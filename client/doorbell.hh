// SPDX-License-Identifier: Apache-2.0
// client/doorbell.hh -- wakes the daemon, when it asked for that.
#pragma once

#include <atomic>

#include "store/shared/control_header.hh"

namespace obj::client {

// Lifetime: `control`, the mapped control segment, and the eventfd must outlive it.  Threads: any.
class Doorbell {
 public:
  Doorbell(const ControlHeader& control, int eventfd) : control_(&control), eventfd_(eventfd) {}

  // After requests were published (seq_cst), so that one of the two sides sees the other.
  void ring_if_asleep() const {
    if (control_->daemon_sleeps.load(std::memory_order_seq_cst) != 0) [[unlikely]]
      ring();
  }

  // It sleeps, or is on its way to being awake. A hint: relaxed.
  bool is_daemon_asleep() const {
    return control_->daemon_sleeps.load(std::memory_order_relaxed) != 0;
  }

  // After pin cells were cleared. No fence: the daemon makes up for it with membarrier(2). The
  // signal fence keeps the compiler from doing this load first. See "Releases" in
  // docs/notes/pin_protocol.md.
  void ring_if_releases_wanted() const {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (control_->releases_wanted.load(std::memory_order_relaxed) != 0) [[unlikely]]
      ring();
  }

 private:
  void ring() const;

  const ControlHeader* control_;
  int eventfd_;
};

}  // namespace obj::client
