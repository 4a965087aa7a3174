// SPDX-License-Identifier: Apache-2.0
#include "store/clearing.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj {
namespace {

constexpr uint64_t kMustStay = UINT64_MAX;

}  // namespace

void Clearing::restart(Worth worth) {
  worth_ = worth;
  last_hemmed_in_ = nullptr;
  hemmed_in_ = 0;
  vain_steps_ = 0;
}

bool Clearing::near_coldest(uint64_t size_bytes, Victims& victims) {
  const uint32_t hemmed_in_max = worth_ == Worth::kClean ? kHemmedInCleanMax : kHemmedInMax;
  while (hemmed_in_ < hemmed_in_max && vain_steps_ < kVainStepsMax) {
    ObjectEntry* const seed = next_seed();
    if (seed == nullptr) return false;
    if (grow(*seed, size_bytes, victims)) return true;
    vain_steps_ += static_cast<uint32_t>(victims.size());
    hemmed_in_++;
    last_hemmed_in_ = seed;
    victims.clear();
  }
  return false;
}

// The coldest object after those that were hemmed in and that no reader is known to hold.
ObjectEntry* Clearing::next_seed() {
  Recency& recency = inventory_.recency();
  // Those that are held go to the warm end, where we may meet them again: hence the count.
  for (size_t left = recency.size(worth_); left > 0; left--) {
    ObjectEntry* const seed = last_hemmed_in_ != nullptr ? recency.next_warmer(*last_hemmed_in_)
                                                         : recency.coldest(worth_);
    if (seed == nullptr || !pins_.contains(*seed)) return seed;
    recency.touch(*seed);
  }
  return nullptr;
}

// What it costs to have this neighbour in the stretch: nothing if it is free, or is being evicted
// already; else the more, the later it was used.
uint64_t Clearing::cost_of(Extent* neighbour) const {
  if (neighbour == nullptr) return kMustStay;
  if (neighbour->is_free) return 0;
  const auto& entry = static_cast<const ObjectEntry&>(*neighbour);
  if (entry.place != Place::kEvictable || pins_.contains(entry)) return kMustStay;
  if (!pins_.may_go(entry)) return kMustStay;
  if (worth_ == Worth::kClean && entry.worth() != worth_) return kMustStay;
  // What is on its way to storage will be as good as free.
  const bool is_going = !Recency::contains(entry) || entry.worth() == Worth::kBeingSpilled;
  return is_going ? 0 : entry.used_at;
}

// False if objects that must stay are in the way on both sides. Either way `victims` has those
// looked at.
bool Clearing::grow(ObjectEntry& seed, uint64_t size_bytes, Victims& victims) {
  ExtentAllocator& extents = inventory_.extents();
  victims.push_back(&seed);
  Extent* first = &seed;
  Extent* last = &seed;
  while (!ExtentAllocator::fits_between(first->offset, last->end(), size_bytes)) {
    Extent* const before = extents.before(*first);
    Extent* const after = extents.after(*last);
    const uint64_t cost_before = cost_of(before);
    const uint64_t cost_after = cost_of(after);
    if (cost_before == kMustStay && cost_after == kMustStay) return false;
    const bool goes_up = cost_after <= cost_before;
    Extent* const next = goes_up ? after : before;
    (goes_up ? last : first) = next;
    const bool is_object = (goes_up ? cost_after : cost_before) > 0;
    if (is_object) victims.push_back(static_cast<ObjectEntry*>(next));
  }
  spare_outside(ExtentAllocator::aligned(first->offset, size_bytes), size_bytes, victims);
  return true;
}

// A stretch grows until there is a place of the right alignment in it. What lies beside that place
// may stay after all, even if it is what the stretch started at.
void Clearing::spare_outside(uint64_t start, uint64_t size_bytes, Victims& victims) {
  const uint64_t end = start + ExtentAllocator::extent_bytes(size_bytes);
  const auto is_outside = [=](const ObjectEntry* entry) {
    return entry->end() <= start || entry->offset >= end;
  };
  // If all are, the place itself is being evicted already; the caller still counts on a victim.
  if (!std::ranges::all_of(victims, is_outside)) std::erase_if(victims, is_outside);
}

bool Clearing::anywhere(uint64_t size_bytes, Victims& victims) {
  restart(Worth::kOnlyCopy);
  collect_gaps(size_bytes);
  ObjectEntry* const seed = seed_in_gaps();
  if (seed == nullptr) return false;
  OBJ_CHECK(grow(*seed, size_bytes, victims));  // a gap is large enough, and all in it can go
  return true;
}

void Clearing::collect_gaps(uint64_t size_bytes) {
  staying_.clear();
  const auto add_all = [this](const auto& entries) {
    for (const ObjectEntry& entry : entries) {
      staying_.push_back(&inventory_.entry(inventory_.slot_of(entry)));
    }
  };
  for (const auto& [session, creator] : inventory_.unsealed().creators()) add_all(creator.entries);
  add_all(inventory_.owner_pinned());
  add_all(inventory_.withdrawn());
  for (const uint32_t slot : pins_.slots()) staying_.push_back(&inventory_.entry(slot));
  if (pins_.purpose() == Purpose::kEviction && inventory_.keeps_only_copies()) {
    add_all(inventory_.recency().entries(Worth::kOnlyCopy));
    add_all(inventory_.recency().entries(Worth::kBeingSpilled));
  }
  std::ranges::sort(staying_, {}, [](const Extent* extent) { return extent->offset; });

  gaps_.clear();
  ExtentAllocator& extents = inventory_.extents();
  uint64_t start = 0;
  Extent* first = extents.first();
  const auto add_gap = [&](uint64_t end) {
    if (ExtentAllocator::fits_between(start, end, size_bytes)) gaps_.push_back({start, end, first});
  };
  for (Extent* const extent : staying_) {
    add_gap(extent->offset);
    start = extent->end();
    first = extents.after(*extent);
  }
  add_gap(extents.capacity_bytes());
}

const Clearing::Gap* Clearing::gap_around(uint64_t offset) const {
  const auto after = std::ranges::upper_bound(gaps_, offset, {}, &Gap::start);
  if (after == gaps_.begin()) return nullptr;
  const Gap& gap = *std::prev(after);
  return offset < gap.end ? &gap : nullptr;
}

ObjectEntry* Clearing::cold_seed_in_gaps(Worth worth) {
  Recency& recency = inventory_.recency();
  ObjectEntry* seed = recency.coldest(worth);
  for (uint32_t i = 0; i < kColdestMax && seed != nullptr; i++) {
    if (gap_around(seed->offset) != nullptr) return seed;
    seed = recency.next_warmer(*seed);
  }
  return nullptr;
}

// One of the coldest objects if it lies in a gap, else any object that does.
ObjectEntry* Clearing::seed_in_gaps() {
  if (gaps_.empty()) return nullptr;
  for (const Worth worth : {Worth::kClean, Worth::kOnlyCopy}) {
    if (ObjectEntry* const seed = cold_seed_in_gaps(worth)) return seed;
  }
  for (const Gap& gap : gaps_) {
    // Neighbours are never both free, so a gap that is not free as a whole has an object here.
    Extent* at = gap.first;
    if (at->is_free) at = inventory_.extents().after(*at);
    if (at != nullptr && at->offset < gap.end) return static_cast<ObjectEntry*>(at);
  }
  return nullptr;
}

}  // namespace obj
