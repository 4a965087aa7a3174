// SPDX-License-Identifier: Apache-2.0
#include "store/known_pins.hh"

namespace obj {

void KnownPins::forget() {
  for (const uint32_t slot : slots_) is_known_[slot] = false;
  slots_.clear();
  bytes_ = 0;
}

void KnownPins::learn(PinScan& pins) {
  forget();
  pins.for_each([this](SessionId, uint32_t slot) { add(slot); });
}

void KnownPins::add(uint32_t slot) {
  const ObjectEntry& entry = inventory_.entry(slot);
  if (is_known_[slot] || entry.place != Place::kEvictable || !Recency::contains(entry)) return;
  if (!may_go(entry)) return;
  is_known_[slot] = true;
  slots_.push_back(slot);
  bytes_ += entry.size_bytes;
}

}  // namespace obj
