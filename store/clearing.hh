// SPDX-License-Identifier: Apache-2.0
// store/clearing.hh -- which objects must go so that one extent fits.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/inventory.hh"
#include "store/known_pins.hh"

namespace obj {

// Evicting the least recently used objects one after the other makes holes all over the arena, and
// a large object fits in none of them until nearly everything is gone. So a victim is a stretch of
// the arena: it starts at a cold object and grows, always towards the colder neighbour, until the
// new object fits. For objects of equal size that is plain LRU; where objects lie in the order of
// their use, it takes the same victims as LRU; elsewhere it gives up some warm objects to spare
// many more.
//
// What is clean goes before all else: a search among it takes stretches of nothing else.
//
// Only chooses; nothing is changed but that pinned objects at the cold end become warm.
//
// Lifetime: both must outlive it.  Threads: the reactor thread.
class Clearing {
 public:
  Clearing(Inventory& inventory, const KnownPins& pins) : inventory_(inventory), pins_(pins) {}

  using Victims = std::vector<ObjectEntry*>;

  // Starts the search at the coldest object of this worth anew. Among kClean, all others must stay;
  // among kOnlyCopy, a stretch may take both, and also what is being spilled already.
  void restart(Worth worth);

  // A stretch around the coldest object that has room around it. False, and no victims, if none of
  // the coldest few has; there may still be one elsewhere.
  // Repeated calls find further stretches, if begin_eviction() was called for the victims of the
  // last.
  bool near_coldest(uint64_t size_bytes, Victims& victims);

  // The same, but false only if nothing fits anywhere, whatever is evicted of whichever worth.
  // Costs O(n log n) in the number of objects that must stay.
  bool anywhere(uint64_t size_bytes, Victims& victims);

 private:
  // How many cold objects may be hemmed in, and how many neighbours be looked at in vain, before
  // near_coldest() gives up.
  static constexpr uint32_t kHemmedInMax = 16;
  static constexpr uint32_t kHemmedInCleanMax = 64;  // by others, too
  static constexpr uint32_t kVainStepsMax = 4096;
  // anywhere() prefers a stretch around one of so many of the coldest.
  static constexpr uint32_t kColdestMax = 1024;

  // A stretch between two extents that must stay, or the arena's ends.
  struct Gap {
    uint64_t start;
    uint64_t end;
    Extent* first;  // that lies in it
  };

  ObjectEntry* next_seed();
  bool grow(ObjectEntry& seed, uint64_t size_bytes, Victims& victims);
  static void spare_outside(uint64_t start, uint64_t size_bytes, Victims& victims);
  uint64_t cost_of(Extent* neighbour) const;
  void collect_gaps(uint64_t size_bytes);
  const Gap* gap_around(uint64_t offset) const;
  ObjectEntry* seed_in_gaps();
  ObjectEntry* cold_seed_in_gaps(Worth worth);

  Inventory& inventory_;
  const KnownPins& pins_;
  Worth worth_ = Worth::kOnlyCopy;
  ObjectEntry* last_hemmed_in_ = nullptr;  // the search goes on after it
  uint32_t hemmed_in_ = 0;
  uint32_t vain_steps_ = 0;
  std::vector<Extent*> staying_;  // scratch of collect_gaps()
  std::vector<Gap> gaps_;         // ascending; those that are large enough
};

}  // namespace obj
