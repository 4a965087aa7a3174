// SPDX-License-Identifier: Apache-2.0
#include "store/pin_scan.hh"

#include <algorithm>

namespace obj {

void PinScan::collect() {
  pins_.clear();
  readers_.collect_pins(pins_);
  scans_++;
}

uint32_t PinScan::count(ObjectRef ref) {
  collect();
  const uint64_t word = make_pin(ref.slot, ref.generation);
  return static_cast<uint32_t>(std::ranges::count(pins_, word, &HeldPin::word));
}

void PinScan::split(std::vector<uint32_t>& candidates, std::vector<uint32_t>& pinned) {
  // One bit a slot answers for most cells without a look at the slot, which would be a cache miss
  // for each pin of each scan.
  for (const uint32_t slot : candidates) is_candidate_[slot] = true;
  collect();
  for (const HeldPin& pin : pins_) {
    if (names_nothing(pin.word)) continue;
    const uint32_t slot = pin_slot(pin.word);
    if (slot >= is_candidate_.size() || !is_candidate_[slot]) continue;
    if (inventory_.is_pin_of(pin.word, slot)) is_candidate_[slot] = false;
  }
  // What is no candidate any more, is pinned.
  size_t kept = 0;
  for (const uint32_t slot : candidates) {
    if (is_candidate_[slot]) {
      candidates[kept++] = slot;
    } else {
      pinned.push_back(slot);
    }
    is_candidate_[slot] = false;
  }
  candidates.resize(kept);
}

const std::vector<PinScan::View>& PinScan::views() {
  views_.clear();
  for_each([this](SessionId session, uint32_t slot) { views_.push_back({session, slot}); });
  std::ranges::sort(views_);
  const auto repeated = std::ranges::unique(views_);
  views_.erase(repeated.begin(), repeated.end());
  return views_;
}

}  // namespace obj
