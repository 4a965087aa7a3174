// SPDX-License-Identifier: Apache-2.0
// tests/sim/event_queue.hh -- the simulated clock, and what happens when.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace obj::sim {

// Events of one instant run in the order in which they were scheduled, so a run is repeatable.
class EventQueue {
 public:
  uint64_t now_ns() const { return now_ns_; }
  bool empty() const { return events_.empty(); }
  uint64_t next_ns() const { return events_.top().at_ns; }
  uint64_t events_run() const { return events_run_; }

  void after(uint64_t delay_ns, std::function<void()> run) {
    at(now_ns_ + delay_ns, std::move(run));
  }
  void at(uint64_t at_ns, std::function<void()> run) {
    events_.push({at_ns < now_ns_ ? now_ns_ : at_ns, next_order_++, std::move(run)});
  }

  // REQUIRES: not empty.
  void run_next() {
    std::function<void()> run = std::move(const_cast<Event&>(events_.top()).run);
    now_ns_ = events_.top().at_ns;
    events_.pop();
    events_run_++;
    run();
  }

 private:
  struct Event {
    uint64_t at_ns;
    uint64_t order;
    std::function<void()> run;

    bool operator<(const Event& other) const {  // the queue gives the greatest first
      return std::pair(at_ns, order) > std::pair(other.at_ns, other.order);
    }
  };

  std::priority_queue<Event> events_;
  uint64_t now_ns_ = 1'000'000'000;
  uint64_t next_order_ = 0;
  uint64_t events_run_ = 0;
};

}  // namespace obj::sim
