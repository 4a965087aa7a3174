// SPDX-License-Identifier: Apache-2.0
// store/eviction.hh -- makes room by giving up cold objects that nobody holds.
#pragma once

#include <cstdint>
#include <vector>

#include "store/clearing.hh"
#include "store/inventory.hh"
#include "store/known_pins.hh"
#include "store/pin_scan.hh"
#include "store/readers.hh"

namespace obj {

// Victims go in batches, because all pin cells must be read once for each batch: stop new pins on
// all of them, read the cells, give back those that are held, discard the rest.
//
// A call ends: each round frees objects, or finds that readers came to hold all that were chosen,
// which it takes so often and no more. It costs O(objects freed + pins), plus O(n log n) in the
// number of objects that must stay where only some stretches of the arena can be cleared.
//
// Lifetime: all must outlive it.  Threads: the reactor thread.
class Eviction {
 public:
  Eviction(Inventory& inventory, PinScan& pins, Readers& readers);

  // Evicts until the table has a free slot and the arena an extent of this size. False if it cannot
  // be done now, however much were evicted; then little or nothing was evicted in vain.
  bool make_room(uint64_t size_bytes);

  const Holding& evicted() const { return evicted_; }

 private:
  // Evict a little more than asked for, so that the next creates need no scan of their own.
  static constexpr uint64_t kAheadBytesMax = uint64_t{256} << 10;
  static constexpr uint32_t kAheadObjectsMax = 256;
  static constexpr uint32_t kAheadShare = 128;  // and no more than this part of the whole
  static constexpr size_t kTouchesMax = 65536;  // of one call; older ones count for nothing
  static constexpr uint32_t kVainRoundsMax = 16;

  void drain_touches();
  void learn_pins();
  bool may_fit(uint64_t size_bytes) const;
  bool choose_victims(uint64_t size_bytes);
  void choose_cold_victims(CopyRole role, uint64_t stretch_bytes);
  void take_in_hand(const Clearing::Victims& stretch);
  void evict_victims();

  Inventory& inventory_;
  PinScan& pins_;
  Readers& readers_;
  KnownPins known_pins_;
  Clearing clearing_;
  uint64_t ahead_bytes_;
  uint32_t ahead_objects_;
  Holding evicted_;

  // The last call failed. The next one asks for the pins before it disturbs any object, so that it
  // fails cheaply if nothing has changed.
  bool was_stuck_ = false;
  bool are_pins_known_ = false;  // all of them were learnt in this call

  std::vector<uint32_t> victims_;  // slots, Evicting
  uint64_t victim_bytes_ = 0;
  std::vector<uint32_t> pinned_;   // scratch
  Clearing::Victims stretch_;      // scratch
  std::vector<uint32_t> touches_;  // scratch
};

}  // namespace obj
