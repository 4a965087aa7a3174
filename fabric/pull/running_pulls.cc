// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/running_pulls.hh"

#include "base/check.hh"

namespace obj {

namespace {

constexpr uint32_t kSlotMask = (1u << RunningPulls::kSlotBits) - 1;

constexpr PullKey make_key(uint32_t slot, uint32_t generation) {
  return generation << RunningPulls::kSlotBits | slot;
}

}  // namespace

RunningPull& RunningPulls::add(WantedObject& object, const PullOptions& options, uint64_t seed) {
  if (free_.empty()) {
    OBJ_CHECK(slots_.size() < kPullsMax);  // the all-ones slot is kept for kNoPull
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot].running =
      std::make_unique<RunningPull>(make_key(slot, slots_[slot].generation), object, options, seed);
  return *slots_[slot].running;
}

void RunningPulls::remove(RunningPull& running) {
  const uint32_t slot = running.key & kSlotMask;
  slots_[slot].running.reset();
  slots_[slot].generation++;
  free_.push_back(slot);
}

RunningPull* RunningPulls::find(PullKey key) const {
  const uint32_t slot = key & kSlotMask;
  if (slot >= slots_.size()) return nullptr;
  RunningPull* const running = slots_[slot].running.get();
  return running != nullptr && running->key == key ? running : nullptr;
}

void RunningPulls::arm(RunningPull& running) {
  const uint64_t deadline_ns = running.pull.next_deadline_ns();
  if (deadline_ns >= running.timer_ns) return;
  running.timer_ns = deadline_ns;
  timers_.emplace(deadline_ns, running.key);
}

void RunningPulls::drop_stale() {
  while (!timers_.empty()) {
    const auto [at_ns, key] = timers_.top();
    const RunningPull* const running = find(key);
    if (running != nullptr && running->timer_ns == at_ns) return;
    timers_.pop();
  }
}

RunningPull* RunningPulls::next_due(uint64_t now_ns) {
  for (drop_stale(); !timers_.empty() && timers_.top().first <= now_ns; drop_stale()) {
    RunningPull& running = *find(timers_.top().second);
    timers_.pop();
    running.timer_ns = kForeverNs;
    if (running.pull.next_deadline_ns() <= now_ns) return &running;
    arm(running);
  }
  return nullptr;
}

uint64_t RunningPulls::next_deadline_ns() {
  drop_stale();
  return timers_.empty() ? kForeverNs : timers_.top().first;
}

}  // namespace obj
