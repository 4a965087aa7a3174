// SPDX-License-Identifier: Apache-2.0
// client/fork_guard.hh -- tells a process from its forked children, in one load.
//
// One page of the process is marked MADV_WIPEONFORK: the kernel hands a child a zeroed copy. The
// page holds the process's epoch; whatever was opened under another epoch belongs to a parent.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/result.hh"

namespace obj::client {

// Never 0, and in a forked child another than in all of its ancestors.
// Threads: any; lock-free, so that a child forked in the midst of it can call it too.
// kSystem or kOutOfMemory if the page cannot be had.
using ForkEpoch = uint64_t;
Result<ForkEpoch> process_epoch();

// The page: 0 in a child that has not asked for its epoch.
// REQUIRES: process_epoch() succeeded in this process or an ancestor.
const std::atomic<ForkEpoch>& fork_page();

// Whether one client may still be used: opened by this very process, and its daemon alive.
//
// Threads: any.
class Liveness {
 public:
  explicit Liveness(ForkEpoch epoch) : page_(&fork_page()), epoch_(epoch), usable_epoch_(epoch) {}

  // The check that every call makes first: one comparison for both reasons.
  // Relaxed: it guards no data; a call that is under way when the daemon dies fails on its own.
  bool usable() const {
    return page_->load(std::memory_order_relaxed) == usable_epoch_.load(std::memory_order_relaxed);
  }
  // False in a forked child, whose copy of the client must stay untouched.
  bool is_own() const { return page_->load(std::memory_order_relaxed) == epoch_; }

  // The daemon is gone, for good.
  void end() { usable_epoch_.store(kEnded, std::memory_order_relaxed); }

  ForkEpoch epoch() const { return epoch_; }

 private:
  static constexpr ForkEpoch kEnded = UINT64_MAX;

  const std::atomic<ForkEpoch>* page_;
  ForkEpoch epoch_;
  std::atomic<ForkEpoch> usable_epoch_;
};

}  // namespace obj::client
