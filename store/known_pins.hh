// SPDX-License-Identifier: Apache-2.0
// store/known_pins.hh -- evictable objects that readers were seen to hold, so that they are let be.
#pragma once

#include <cstdint>
#include <vector>

#include "store/inventory.hh"
#include "store/pin_scan.hh"

namespace obj {

// What victims are chosen for: to leave memory now, or to be made safe first.
enum class Purpose : uint8_t { kEviction, kSpilling };

// A hint, good for one call of the eviction: pins come and go without telling us.
class KnownPins {
 public:
  explicit KnownPins(const Inventory& inventory, Purpose purpose = Purpose::kEviction)
      : inventory_(inventory), purpose_(purpose), is_known_(inventory.table().slot_count()) {}

  Purpose purpose() const { return purpose_; }
  // Whether it may be chosen, did nobody hold it. REQUIRES: it is evictable.
  bool may_go(const ObjectEntry& entry) const {
    return purpose_ == Purpose::kSpilling || inventory_.may_go(entry);
  }

  void forget();
  // Forgets, and asks anew.
  void learn(PinScan& pins);
  void add(uint32_t slot);

  bool contains(const ObjectEntry& entry) const { return is_known_[inventory_.slot_of(entry)]; }
  // Their slots, each once, of those that may go at all. All are in the recency list, as long as
  // none of them is evicted.
  const std::vector<uint32_t>& slots() const { return slots_; }
  uint64_t bytes() const { return bytes_; }

 private:
  const Inventory& inventory_;
  const Purpose purpose_;
  std::vector<bool> is_known_;  // by slot
  std::vector<uint32_t> slots_;
  uint64_t bytes_ = 0;
};

}  // namespace obj
