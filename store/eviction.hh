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

  // Evicts until the table has a free slot and the arena an extent of this size, or until
  // `objects_max` are gone, give or take a few.
  //
  // kNone: it cannot be done now, however much were evicted; then little or nothing was evicted in
  // vain. kUnfinished: the next call with this size goes on with the same stretch, unless somebody
  // came to hold a part of it; then another is chosen. Known hole: the stretch itself is chosen in
  // one go, which looks at each object in it once.
  enum class Room : uint8_t { kThere, kUnfinished, kNone };
  Room make_room(uint64_t size_bytes, uint32_t objects_max);

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
  void choose_cold_victims(Worth worth, uint64_t stretch_bytes);
  void take_in_hand(const Clearing::Victims& stretch);
  void take_in_hand(ObjectEntry& entry);
  bool take_planned();
  void forget_plan();
  bool evict_victims();

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

  uint32_t victims_max_ = 0;       // of the round
  std::vector<uint32_t> victims_;  // slots, Evicting
  uint64_t victim_bytes_ = 0;

  // The rest of a stretch that was too long for one call, from next_planned_ on. Anything may have
  // happened to these objects since.
  std::vector<ObjectRef> planned_;
  size_t next_planned_ = 0;
  uint64_t planned_for_bytes_ = 0;

  std::vector<uint32_t> pinned_;   // scratch
  Clearing::Victims stretch_;      // scratch
  std::vector<uint32_t> touches_;  // scratch
};

}  // namespace obj
