// SPDX-License-Identifier: Apache-2.0
// client/waiter.hh -- a thread that waits for some operations.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>

#include "client/operation.hh"

namespace obj::client {

// Lives on the waiting thread's stack. Guarded by the lock of Progress.
class Waiter {
 public:
  explicit Waiter(size_t successes_wanted = SIZE_MAX) : successes_wanted_(successes_wanted) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // The operation is not Done yet, and tells this waiter from now on.
  void attach(Operation& operation) {
    operation.waiter = this;
    pending_++;
    if (operation.state() == Operation::State::kGranted) add_granted(operation);
  }
  // It tells nobody from now on; a grant waits for whoever asks for it next.
  void detach(Operation& operation) {
    operation.waiter = nullptr;
    pending_--;
  }
  void add_granted(Operation& operation) {
    operation.next_granted = granted_;
    granted_ = &operation;
  }
  // The next put whose bytes this thread must copy, or null.
  Operation* take_granted() {
    Operation* const operation = granted_;
    if (operation != nullptr) granted_ = operation->next_granted;
    return operation;
  }
  // An attached operation is Done.
  void on_done(Operation& operation) {
    operation.waiter = nullptr;
    pending_--;
    if (operation.succeeded()) successes_++;
  }

  bool is_satisfied() const { return pending_ == 0 || successes_ >= successes_wanted_; }
  // Whether its thread has something to do.
  bool should_wake() const { return is_satisfied() || granted_ != nullptr; }
  size_t successes() const { return successes_; }

  // For Progress, while the thread sleeps as a follower.
  std::condition_variable wake;
  Waiter* next_follower = nullptr;
  bool wants_tag = false;

 private:
  size_t successes_wanted_;
  size_t pending_ = 0;
  size_t successes_ = 0;
  Operation* granted_ = nullptr;
};

}  // namespace obj::client
