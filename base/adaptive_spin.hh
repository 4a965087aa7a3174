// SPDX-License-Identifier: Apache-2.0
// base/adaptive_spin.hh -- how long to poll before sleeping, and how. The clock is passed in.
#pragma once

#include <sched.h>

#include <cstdint>

#include "base/cpu_relax.hh"

namespace obj {

// Polling pays when the next event comes sooner than a wake-up costs. So: poll up to `max_ns` after
// the last event, less and less while sleeps turn out long (sparse traffic: polling only burns the
// CPU), fully again as soon as a sleep turns out to have been shorter than the poll would have
// been.
class AdaptiveSpin {
 public:
  explicit AdaptiveSpin(uint64_t max_ns) : max_ns_(max_ns), budget_ns_(max_ns) {}

  void on_activity(uint64_t now_ns) { last_activity_ns_ = now_ns; }
  bool should_spin(uint64_t now_ns) const { return now_ns - last_activity_ns_ < budget_ns_; }

  // Between two looks. Whom we wait for may want this very CPU: after a moment it can have it,
  // which costs a system call where nobody does. Three programs that poll on two CPUs without that
  // take turns of 50 us.
  void pause(uint64_t now_ns) const {
    if (now_ns - last_activity_ns_ < kSelfishNs)
      cpu_relax();
    else
      ::sched_yield();
  }

  void on_sleep(uint64_t now_ns) { slept_at_ns_ = now_ns; }
  // `by_event`: something happened, rather than the sleep's own time limit.
  void on_wake(uint64_t now_ns, bool by_event) {
    if (!by_event) return;
    const bool poll_would_have_paid = now_ns - slept_at_ns_ <= max_ns_;
    budget_ns_ = poll_would_have_paid ? max_ns_ : budget_ns_ / 2;
    last_activity_ns_ = now_ns;
  }

  uint64_t budget_ns() const { return budget_ns_; }

  // An answer of a program that is awake on another CPU comes sooner.
  static constexpr uint64_t kSelfishNs = 300;

 private:
  uint64_t max_ns_;
  uint64_t budget_ns_;
  uint64_t last_activity_ns_ = 0;
  uint64_t slept_at_ns_ = 0;
};

}  // namespace obj
