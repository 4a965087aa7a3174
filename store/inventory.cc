// SPDX-License-Identifier: Apache-2.0
#include "store/inventory.hh"

#include "base/check.hh"
#include "store/shared/pin_cell.hh"

namespace obj {
namespace {

// Of discard(): how many objects ahead of the one in hand.
constexpr size_t kLookAhead = 16;

void add_to(Holding& holding, uint64_t bytes) {
  holding.objects++;
  holding.bytes += bytes;
}

void take_from(Holding& holding, uint64_t bytes) {
  OBJ_CHECK(holding.objects > 0);
  OBJ_CHECK(holding.bytes >= bytes);
  holding.objects--;
  holding.bytes -= bytes;
}

}  // namespace

void Inventory::prefetch(uint32_t slot) const {
  entries_.prefetch(slot);
  table_.prefetch_slot(slot);
}

Inventory::Inventory(ObjectTable& table, uint64_t arena_bytes)
    : table_(table), entries_(table.slot_count()), extents_(arena_bytes) {
  ledger_.capacity_bytes = extents_.capacity_bytes();
  ledger_.free_bytes = extents_.free_bytes();
}

bool Inventory::holds(ObjectRef ref) const {
  return ref.slot < table_.first_unused() && table_.state(ref.slot) != SlotState::kFree &&
         table_.generation(ref.slot) == ref.generation;
}

bool Inventory::is_pin_of(uint64_t word, uint32_t slot) const {
  return slot < table_.first_unused() && table_.state(slot) != SlotState::kFree &&
         pin_is_of(word, slot, table_.generation(slot));
}

Placement Inventory::placement(uint32_t slot) const {
  Placement placement = table_.placement(slot);
  placement.role = entries_[slot].role;
  return placement;
}

void Inventory::enter(ObjectEntry& entry, Place place) {
  entry.place = place;
  const auto add = [&](Holding& account) { add_to(account, entry.size_bytes); };
  for_each_account(ledger_, entry, add);
  switch (place) {
    case Place::kUnsealed: unsealed_.add(entry); return;
    case Place::kEvictable: recency_.add_warmest(entry); return;
    case Place::kOwnerPinned: owner_pinned_.push_back(entry); return;
    case Place::kWithdrawn: withdrawn_.push_back(entry); return;
  }
}

void Inventory::leave(ObjectEntry& entry) {
  const auto take = [&](Holding& account) { take_from(account, entry.size_bytes); };
  for_each_account(ledger_, entry, take);
  switch (entry.place) {
    case Place::kUnsealed: unsealed_.remove(entry); return;
    case Place::kEvictable:
      if (Recency::contains(entry)) recency_.remove(entry);
      return;
    case Place::kOwnerPinned: owner_pinned_.erase(owner_pinned_.iterator_to(entry)); return;
    case Place::kWithdrawn: withdrawn_.erase(withdrawn_.iterator_to(entry)); return;
  }
}

bool Inventory::has_room(uint64_t size_bytes) {
  return table_.free_slots() > 0 && extents_.fits(size_bytes);
}

ObjectRef Inventory::add(const CreateSpec& spec, uint64_t size_bytes) {
  const uint32_t slot = table_.next_free_slot();
  ObjectEntry& entry = entries_.create(slot);
  OBJ_CHECK(extents_.allocate(size_bytes, entry));
  const ObjectRef ref = table_.add({.id = spec.id,
                                    .offset = entry.offset,
                                    .data_bytes = spec.data_bytes,
                                    .metadata_bytes = spec.metadata_bytes,
                                    .origin = spec.origin});
  OBJ_CHECK(ref.slot == slot);
  entry.creator = spec.creator;
  entry.role = spec.role;
  entry.safety = spec.safety;
  enter(entry, Place::kUnsealed);
  ledger_.free_bytes = extents_.free_bytes();
  return ref;
}

void Inventory::seal(uint32_t slot) {
  ObjectEntry& entry = entries_[slot];
  OBJ_CHECK(entry.place == Place::kUnsealed);
  OBJ_CHECK(entry.is_indexed);
  leave(entry);
  entry.creator = 0;
  enter(entry, Place::kEvictable);
  table_.seal(slot);
  for (StoreListener* const listener : listeners_) listener->on_sealed(placement(slot));
}

void Inventory::keep_for_owner(uint32_t slot) {
  OBJ_CHECK(entries_[slot].place == Place::kEvictable);
  leave(entries_[slot]);
  enter(entries_[slot], Place::kOwnerPinned);
}

void Inventory::release_from_owner(uint32_t slot) {
  OBJ_CHECK(entries_[slot].place == Place::kOwnerPinned);
  leave(entries_[slot]);
  enter(entries_[slot], Place::kEvictable);
}

void Inventory::unlink(uint32_t slot) {
  OBJ_CHECK(entries_[slot].is_indexed);
  leave_index(slot, entries_[slot], Departure::kRemoved);
}

void Inventory::leave_index(uint32_t slot, ObjectEntry& entry, Departure why) {
  table_.unlink(slot);
  entry.is_indexed = false;
  if (listeners_.empty()) return;
  const bool was_known = entry.place != Place::kUnsealed || table_.ready_bytes(slot) > 0;
  if (!was_known) return;
  for (StoreListener* const listener : listeners_) listener->on_gone(placement(slot), why);
}

void Inventory::set_safety(uint32_t slot, Safety safety) {
  ObjectEntry& entry = entries_[slot];
  OBJ_CHECK(entry.place == Place::kEvictable || entry.place == Place::kOwnerPinned);
  OBJ_CHECK(entry.is_indexed);
  const Place place = entry.place;
  leave(entry);
  entry.safety = safety;
  enter(entry, place);
}

void Inventory::stop_pins(uint32_t slot) {
  ObjectEntry& entry = entries_[slot];
  OBJ_CHECK(entry.place == Place::kEvictable);
  OBJ_CHECK(!entry.is_indexed);
  recency_.remove(entry);
  table_.begin_eviction(slot);
}

void Inventory::withdraw(uint32_t slot) {
  ObjectEntry& entry = entries_[slot];
  OBJ_CHECK(!entry.is_indexed);
  OBJ_CHECK(table_.state(slot) == SlotState::kEvicting);
  leave(entry);
  enter(entry, Place::kWithdrawn);
}

void Inventory::begin_eviction(ObjectEntry& entry) {
  OBJ_CHECK(entry.place == Place::kEvictable);
  recency_.remove(entry);
  table_.begin_eviction(slot_of(entry));
}

void Inventory::give_back(uint32_t slot) {
  OBJ_CHECK(entries_[slot].is_indexed);
  table_.cancel_eviction(slot);
  recency_.add_warmest(entries_[slot]);
}

void Inventory::discard(std::span<const uint32_t> slots) {
  freed_.clear();
  // All generations move on before any of the memory can be given to anything else.
  for (size_t i = 0; i < slots.size(); i++) {
    // What is touched for each object lies far apart, but where is known early.
    if (i + kLookAhead < slots.size()) prefetch(slots[i + kLookAhead]);
    if (i + kLookAhead / 2 < slots.size()) table_.prefetch_chain(slots[i + kLookAhead / 2]);
    const uint32_t slot = slots[i];
    ObjectEntry& entry = entries_[slot];
    const bool is_unsealed = entry.place == Place::kUnsealed;
    if (entry.is_indexed) {
      leave_index(slot, entry, is_unsealed ? Departure::kAborted : Departure::kEvicted);
    }
    table_.release(slot);
    leave(entry);
    freed_.push_back(&entry);
  }
  extents_.free(freed_);
  for (const uint32_t slot : slots) entries_.destroy(slot);
  ledger_.free_bytes = extents_.free_bytes();
}

}  // namespace obj
