// SPDX-License-Identifier: Apache-2.0
#include "store/eviction.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj {

Eviction::Eviction(Inventory& inventory, PinScan& pins, Readers& readers)
    : inventory_(inventory),
      pins_(pins),
      readers_(readers),
      known_pins_(inventory),
      clearing_(inventory, known_pins_),
      ahead_bytes_(std::min(inventory.extents().capacity_bytes() / kAheadShare, kAheadBytesMax)),
      ahead_objects_(
          std::clamp(inventory.table().slot_count() / kAheadShare, 1u, kAheadObjectsMax)) {}

Eviction::Room Eviction::make_room(uint64_t size_bytes, uint32_t objects_max) {
  drain_touches();
  known_pins_.forget();
  are_pins_known_ = false;
  was_stuck_ = was_stuck_ && planned_.empty();
  if (planned_for_bytes_ != size_bytes) forget_plan();
  planned_for_bytes_ = size_bytes;
  uint32_t vain_rounds = 0;
  uint32_t evicted = 0;
  while (!inventory_.has_room(size_bytes) && vain_rounds < kVainRoundsMax && may_fit(size_bytes)) {
    if (evicted >= objects_max) return Room::kUnfinished;
    victims_max_ = objects_max - evicted;
    if (!take_planned() && !choose_victims(size_bytes)) break;
    if (!evict_victims()) forget_plan();  // a reader was faster, and is in the way now
    evicted += static_cast<uint32_t>(victims_.size());
    if (!victims_.empty()) continue;
    vain_rounds++;
    if (!are_pins_known_) learn_pins();  // so that what is held costs one round, not one each
  }
  forget_plan();
  was_stuck_ = !inventory_.has_room(size_bytes);
  return was_stuck_ ? Room::kNone : Room::kThere;
}

// Clients claim these: a slot may be out of range, or name what has just been reused. Whatever
// object is there becomes warm, which is harmless.
void Eviction::drain_touches() {
  touches_.clear();
  readers_.collect_touches(touches_);
  const ObjectTable& table = inventory_.table();
  const size_t first = touches_.size() - std::min(touches_.size(), kTouchesMax);
  for (size_t i = first; i < touches_.size(); i++) {
    const uint32_t slot = touches_[i];
    if (slot >= table.first_unused() || table.state(slot) != SlotState::kSealed) continue;
    ObjectEntry& entry = inventory_.entry(slot);
    if (entry.place == Place::kEvictable) inventory_.recency().touch(entry);
  }
}

// Whether it would fit if all were gone that is not known to be held, and it all lay together.
bool Eviction::may_fit(uint64_t size_bytes) const {
  const Recency& recency = inventory_.recency();
  uint64_t going_bytes = recency.bytes(Worth::kClean);
  size_t going = recency.size(Worth::kClean);
  if (!inventory_.keeps_only_copies()) {
    going_bytes += recency.bytes(Worth::kOnlyCopy) + recency.bytes(Worth::kBeingSpilled);
    going += recency.size(Worth::kOnlyCopy) + recency.size(Worth::kBeingSpilled);
  }
  const uint64_t evictable_bytes = going_bytes - known_pins_.bytes();
  const bool is_evictable = going > known_pins_.slots().size();
  return is_evictable && size_bytes <= inventory_.extents().free_bytes() + evictable_bytes;
}

void Eviction::learn_pins() {
  known_pins_.learn(pins_);
  are_pins_known_ = true;
}

// Fills victims_. False if nothing that could be evicted would make room.
bool Eviction::choose_victims(uint64_t size_bytes) {
  // Where only a slot is missing, any object will do.
  const uint64_t stretch_bytes = inventory_.extents().fits(size_bytes) ? 0 : size_bytes;
  victims_.clear();
  victim_bytes_ = 0;
  if (!was_stuck_) {
    choose_cold_victims(Worth::kClean, stretch_bytes);
    const bool may_lose = !inventory_.keeps_only_copies();
    if (victims_.empty() && may_lose) choose_cold_victims(Worth::kOnlyCopy, stretch_bytes);
    if (!victims_.empty()) return true;
  }
  learn_pins();
  if (!may_fit(size_bytes)) return false;
  choose_cold_victims(Worth::kClean, stretch_bytes);
  if (!victims_.empty()) return true;
  stretch_.clear();
  if (!clearing_.anywhere(stretch_bytes, stretch_)) return false;
  take_in_hand(stretch_);
  return true;
}

void Eviction::choose_cold_victims(Worth worth, uint64_t stretch_bytes) {
  clearing_.restart(worth);
  const size_t objects_max = std::min(ahead_objects_, victims_max_);
  while (victim_bytes_ < ahead_bytes_ && victims_.size() < objects_max) {
    stretch_.clear();
    if (!clearing_.near_coldest(stretch_bytes, stretch_)) return;
    if (stretch_.size() > 1 && !are_pins_known_) {
      // If one of several is held, the others would go in vain: choose again, with care.
      learn_pins();
      clearing_.restart(worth);
    } else {
      take_in_hand(stretch_);
    }
  }
}

// From here on no reader can pin them. What is too much for this round is planned for later ones,
// and can still be pinned.
void Eviction::take_in_hand(const Clearing::Victims& stretch) {
  for (ObjectEntry* const entry : stretch) {
    if (victims_.size() < victims_max_) {
      take_in_hand(*entry);
    } else {
      const uint32_t slot = inventory_.slot_of(*entry);
      planned_.push_back({slot, inventory_.table().generation(slot)});
    }
  }
}

void Eviction::take_in_hand(ObjectEntry& entry) {
  inventory_.begin_eviction(entry);
  victims_.push_back(inventory_.slot_of(entry));
  victim_bytes_ += entry.size_bytes;
}

// Fills victims_ from the plan. False if there is none, or it came to nothing.
bool Eviction::take_planned() {
  victims_.clear();
  victim_bytes_ = 0;
  while (next_planned_ < planned_.size() && victims_.size() < victims_max_) {
    const ObjectRef ref = planned_[next_planned_++];
    if (!inventory_.holds(ref)) continue;  // gone by itself
    ObjectEntry& entry = inventory_.entry(ref.slot);
    if (entry.place == Place::kEvictable && inventory_.may_go(entry)) {
      take_in_hand(entry);
    } else {
      forget_plan();  // it must stay now, so the stretch is not to be had
    }
  }
  if (next_planned_ == planned_.size()) forget_plan();
  return !victims_.empty();
}

void Eviction::forget_plan() {
  if (planned_.empty()) return;
  planned_ = {};  // it may be large
  next_planned_ = 0;
}

// False if a reader held one of them; it is given back.
bool Eviction::evict_victims() {
  pinned_.clear();
  pins_.split(victims_, pinned_);
  for (const uint32_t slot : pinned_) {
    inventory_.give_back(slot);
    known_pins_.add(slot);
    victim_bytes_ -= inventory_.entry(slot).size_bytes;
  }
  evicted_.objects += victims_.size();
  evicted_.bytes += victim_bytes_;
  inventory_.discard(victims_);
  return pinned_.empty();
}

}  // namespace obj
