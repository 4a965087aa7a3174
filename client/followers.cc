// SPDX-License-Identifier: Apache-2.0
#include "client/followers.hh"

#include <chrono>

#include "base/clock.hh"

namespace obj::client {

void Followers::sleep(std::unique_lock<std::mutex>& lock, Waiter& waiter, uint64_t deadline_ns) {
  waiter.next_follower = first_;
  first_ = &waiter;
  if (deadline_ns == kForeverNs) {
    waiter.wake.wait(lock);
  } else {
    using std::chrono::steady_clock;
    const std::chrono::nanoseconds since_boot(deadline_ns);
    waiter.wake.wait_until(lock, steady_clock::time_point(since_boot));
  }
  Waiter** link = &first_;
  while (*link != &waiter) link = &(*link)->next_follower;
  *link = waiter.next_follower;
}

void Followers::wake_one() {
  if (first_ != nullptr) first_->wake.notify_one();
}

void Followers::wake_all() {
  for (Waiter* one = first_; one != nullptr; one = one->next_follower) one->wake.notify_one();
}

void Followers::wake_tag_seekers() {
  for (Waiter* one = first_; one != nullptr; one = one->next_follower) {
    if (one->wants_tag) one->wake.notify_one();
  }
}

}  // namespace obj::client
