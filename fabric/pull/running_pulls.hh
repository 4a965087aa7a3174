// SPDX-License-Identifier: Apache-2.0
// fabric/pull/running_pulls.hh -- the pulls that have not ended, by key, and when each wants a
// tick.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "fabric/pull/bundle.hh"
#include "fabric/pull/pull.hh"
#include "fabric/pull/read_scheduler.hh"

namespace obj {

struct RunningPull {
  RunningPull(PullKey key_, WantedObject& object_, const PullOptions& options, uint64_t seed)
      : key(key_), object(&object_), pull(object_.id, *object_.record.shape, options, seed) {}

  const PullKey key;
  WantedObject* object;  // null once the pull has ended and only checks are still due
  Pull pull;
  uint64_t destination_offset = 0;  // valid once granted
  uint64_t timer_ns = kForeverNs;   // the earliest entry in the timer queue
  // One for each of pull.sources(), by its index.
  std::vector<std::unique_ptr<ReadScheduler::Flow>> flows;
};

// Keys are {slot, generation}, so that a ticket that outlived its pull is noticed.
//
// Limits: kPullsMax at once, those included that only wait for a check to complete.
class RunningPulls {
 public:
  static constexpr uint32_t kSlotBits = 21;
  static constexpr uint32_t kPullsMax = (1u << kSlotBits) - 1;

  // `options` must outlive it and its pulls.
  RunningPull& add(WantedObject& object, const PullOptions& options, uint64_t seed);
  void remove(RunningPull& running);
  // Null if the pull is gone.
  RunningPull* find(PullKey key) const;
  template <class Visit>
  void for_each(Visit visit) {
    for (Slot& slot : slots_) {
      if (slot.running != nullptr) visit(*slot.running);
    }
  }
  size_t size() const { return slots_.size() - free_.size(); }

  // Its deadline may have come nearer.
  void arm(RunningPull& running);
  // One whose deadline is not after now_ns, or null. Each is given once per deadline.
  RunningPull* next_due(uint64_t now_ns);
  // Not later than the earliest deadline.
  uint64_t next_deadline_ns();

 private:
  struct Slot {
    uint32_t generation = 0;
    std::unique_ptr<RunningPull> running;
  };
  using Timer = std::pair<uint64_t, PullKey>;

  // Drops the timers at the front that are of no pull, or not of its earliest timer.
  void drop_stale();

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  // Progress moves deadlines away, so an entry is looked at again when it is due, and each chunk
  // costs nothing here.
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
};

}  // namespace obj
