// SPDX-License-Identifier: Apache-2.0
// store/known_pins.hh -- evictable objects that readers were seen to hold, so that they are let be.
#pragma once

#include <cstdint>
#include <vector>

#include "store/inventory.hh"
#include "store/pin_scan.hh"

namespace obj {

// A hint, good for one call of the eviction: pins come and go without telling us.
class KnownPins {
 public:
  explicit KnownPins(const Inventory& inventory)
      : inventory_(inventory), is_known_(inventory.table().slot_count()) {}

  void forget();
  // Forgets, and asks anew.
  void learn(PinScan& pins);
  void add(uint32_t slot);

  bool contains(const ObjectEntry& entry) const { return is_known_[inventory_.slot_of(entry)]; }
  // Their slots, each once. All are in the recency list, as long as none of them is evicted.
  const std::vector<uint32_t>& slots() const { return slots_; }
  uint64_t bytes() const { return bytes_; }

 private:
  const Inventory& inventory_;
  std::vector<bool> is_known_;  // by slot
  std::vector<uint32_t> slots_;
  uint64_t bytes_ = 0;
};

}  // namespace obj
