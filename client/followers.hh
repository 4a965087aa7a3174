// SPDX-License-Identifier: Apache-2.0
// client/followers.hh -- the threads that sleep while another one leads.
#pragma once

#include <cstdint>
#include <mutex>

#include "client/waiter.hh"

namespace obj::client {

// Guarded by the lock of Progress, which sleep() gives up meanwhile.
class Followers {
 public:
  // Until woken, or until `deadline_ns` (kForeverNs: none); may end early.
  void sleep(std::unique_lock<std::mutex>& lock, Waiter& waiter, uint64_t deadline_ns);

  void wake_one();
  void wake_all();
  // Those that wait for a tag rather than for an operation.
  void wake_tag_seekers();

 private:
  Waiter* first_ = nullptr;
};

}  // namespace obj::client
