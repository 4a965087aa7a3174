// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/pull_budget.hh"

#include <utility>

namespace obj {

void PullBudget::set(uint64_t limit_bytes, uint64_t capacity_bytes) {
  // A lower limit matters as well: something may have to stop.
  changed_ |= limit_bytes != limit_bytes_ || capacity_bytes != capacity_bytes_;
  limit_bytes_ = limit_bytes;
  capacity_bytes_ = capacity_bytes;
}

uint64_t& PullBudget::account(const WantedObject& object) {
  return object.charged_class ? active_bytes_[*object.charged_class] : draining_bytes_;
}

void PullBudget::update(WantedObject& object) {
  const uint64_t before = object.charged_bytes;
  const bool was_active = object.charged_class.has_value();
  account(object) -= before;
  object.charged_class = object.active_class();
  const bool counts = object.charged_class || object.pull != kNoPull || object.sealing;
  object.charged_bytes = counts ? object.weight_bytes() : 0;
  account(object) += object.charged_bytes;
  // What a bundle that starts adds is no news to who started it.
  changed_ |= object.charged_bytes < before || (was_active && object.charged_bytes > before);
}

uint64_t PullBudget::need(const Bundle& bundle) const {
  uint64_t bytes = 0;
  for (const Want& want : bundle.wants) {
    if (!want.object->charged_class) bytes += want.object->weight_bytes();
  }
  return bytes;
}

uint64_t PullBudget::draining_of(const Bundle& bundle) const {
  uint64_t bytes = 0;
  for (const Want& want : bundle.wants) {
    if (!want.object->charged_class) bytes += want.object->charged_bytes;
  }
  return bytes;
}

uint64_t PullBudget::need_beside_urgent(const Bundle& bundle) const {
  uint64_t bytes = 0;
  for (const Want& want : bundle.wants) {
    const std::optional<PullClass> active = want.object->active_class();
    if (!active || *active > bundle.pull_class) bytes += want.object->weight_bytes();
  }
  return bytes;
}

uint64_t PullBudget::active_bytes(PullClass least) const {
  uint64_t bytes = 0;
  for (const PullClass pull_class : kAllPullClasses) {
    if (pull_class <= least) bytes += active_bytes_[pull_class];
  }
  return bytes;
}

bool PullBudget::take_changed() { return std::exchange(changed_, false); }

}  // namespace obj
