// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/activation.hh"

#include "base/check.hh"

namespace obj {

void Activation::enqueue(Bundle& bundle, uint64_t now_ns) {
  OBJ_CHECK(bundle.state == Bundle::State::kLocating);
  bundle.state = Bundle::State::kQueued;
  bundle.queue_order = next_order_++;
  bundle.queued_at_ns = now_ns;
  queued_[bundle.pull_class].emplace(bundle.queue_order, &bundle);
  dirty_ = true;
}

void Activation::suspend(Bundle& bundle) {
  if (bundle.state == Bundle::State::kLocating) return;
  if (bundle.state == Bundle::State::kActive) {
    active_[bundle.pull_class].erase(bundle.id);
    count(bundle, false);
  } else {
    queued_[bundle.pull_class].erase(bundle.queue_order);
  }
  bundle.state = Bundle::State::kLocating;
  dirty_ = true;
}

void Activation::start(Bundle& bundle, std::vector<Bundle*>& changed) {
  queued_[bundle.pull_class].erase(bundle.queue_order);
  active_[bundle.pull_class].emplace(bundle.id, &bundle);
  bundle.state = Bundle::State::kActive;
  count(bundle, true);
  changed.push_back(&bundle);
}

// Back to its old place in the queue: it did not choose to stop.
void Activation::stop(Bundle& bundle, std::vector<Bundle*>& changed) {
  active_[bundle.pull_class].erase(bundle.id);
  queued_[bundle.pull_class].emplace(bundle.queue_order, &bundle);
  bundle.state = Bundle::State::kQueued;
  count(bundle, false);
  changed.push_back(&bundle);
}

void Activation::count(Bundle& bundle, bool active) {
  for (const Want& want : bundle.wants) {
    uint32_t& bundles = want.object->active_bundles[bundle.pull_class];
    bundles = active ? bundles + 1 : bundles - 1;
    budget_.update(*want.object);
  }
}

void Activation::plan(uint64_t now_ns, std::vector<Bundle*>& changed) {
  dirty_ |= budget_.take_changed();
  if (!dirty_) return;
  dirty_ = false;
  promised_bytes_ = 0;
  shrink(changed);
  for (const PullClass pull_class : kAllPullClasses) {
    if (!fill(pull_class, now_ns, changed)) break;
  }
}

// False: a bundle has waited long enough; nobody behind it, in any class, may start.
bool Activation::fill(PullClass pull_class, uint64_t now_ns, std::vector<Bundle*>& changed) {
  const uint64_t ageing_ns = uint64_t{options_.ageing_ms} * 1'000'000;
  uint32_t passed = 0;
  auto& queue = queued_[pull_class];
  for (auto next = queue.begin(); next != queue.end() && passed <= options_.bundles_passed_max;) {
    Bundle& bundle = *next->second;
    ++next;
    if (!may_start(bundle)) displace_for(bundle, changed);
    if (may_start(bundle)) {
      start(bundle, changed);
    } else if (has_room_coming(bundle)) {
      promised_bytes_ += budget_.need(bundle);
    } else if (now_ns - bundle.queued_at_ns >= ageing_ns) {
      return false;
    } else {
      passed++;
    }
  }
  return true;
}

bool Activation::may_start(const Bundle& bundle) const {
  const uint64_t need = budget_.need(bundle);
  const uint64_t held_then = budget_.held_bytes() - budget_.draining_of(bundle) + need;
  const bool runs_alone = active_bundles() == 0 && promised_bytes_ == 0 && !has_room_coming(bundle);
  // What adds nothing need not wait for what drains.
  const bool adds_nothing = need == 0 && has_room_coming(bundle);
  return adds_nothing || runs_alone || held_then + promised_bytes_ <= budget_.limit_bytes();
}

bool Activation::has_room_coming(const Bundle& bundle) const {
  return budget_.active_bytes() + promised_bytes_ + budget_.need(bundle) <= budget_.limit_bytes();
}

// Stops no more than needed, and nobody if even all would not be enough.
void Activation::displace_for(const Bundle& bundle, std::vector<Bundle*>& changed) {
  bool others_run = false;
  for (const PullClass pull_class : kAllPullClasses) {
    others_run |= pull_class <= bundle.pull_class && !active_[pull_class].empty();
  }
  const uint64_t at_best = budget_.active_bytes(bundle.pull_class) + promised_bytes_ +
                           budget_.need_beside_urgent(bundle);
  if (others_run && at_best > budget_.limit_bytes()) return;
  while (!has_room_coming(bundle)) {
    Bundle* const victim = newest_active();
    if (victim == nullptr || victim->pull_class <= bundle.pull_class) return;
    stop(*victim, changed);
  }
}

// The newest of the least urgent class that runs. Null: none runs.
Bundle* Activation::newest_active() const {
  for (auto pull_class = kAllPullClasses.rbegin(); pull_class != kAllPullClasses.rend();
       ++pull_class) {
    const auto& running = active_[*pull_class];
    if (!running.empty()) return running.rbegin()->second;
  }
  return nullptr;
}

// Memory was taken from under us: stop the newest of the least urgent class first, never the last.
// Also one that shares all it wants and frees nothing: over the limit, one bundle runs alone. Who
// looked for one that frees something would find the most urgent, and stop it for a prefetch's
// sake.
void Activation::shrink(std::vector<Bundle*>& changed) {
  while (budget_.active_bytes() > budget_.limit_bytes() && active_bundles() > 1) {
    stop(*newest_active(), changed);
  }
}

size_t Activation::queued_bundles() const {
  size_t bundles = 0;
  for (const PullClass pull_class : kAllPullClasses) bundles += queued_[pull_class].size();
  return bundles;
}

size_t Activation::active_bundles() const {
  size_t bundles = 0;
  for (const PullClass pull_class : kAllPullClasses) bundles += active_[pull_class].size();
  return bundles;
}

}  // namespace obj
