// SPDX-License-Identifier: Apache-2.0
// store/inventory.hh -- the objects themselves: slot, entry, extent, list and ledger of each, in
// step.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "store/extent_allocator.hh"
#include "store/ledger.hh"
#include "store/object_entry.hh"
#include "store/object_store.hh"
#include "store/object_table.hh"
#include "store/recency.hh"
#include "store/store_listener.hh"
#include "store/unsealed.hh"

namespace obj {

// The lines of `ledger` in which the object is counted: change(Holding&) for each.
template <class Change>
void for_each_account(Ledger& ledger, const ObjectEntry& entry, Change change) {
  if (entry.place == Place::kUnsealed) return change(ledger.unsealed);
  if (entry.place == Place::kWithdrawn) return change(ledger.withdrawn);
  change(ledger.sealed);
  if (entry.place == Place::kOwnerPinned) change(ledger.owner_pinned);
  if (entry.role == CopyRole::kSecondary) return change(ledger.secondary);
  if (entry.safety == Safety::kBeingSpilled) change(ledger.being_spilled);
  if (entry.safety == Safety::kSpilled) change(ledger.spilled);
}

// Each function moves one object (or a batch) from one consistent state to the next. None of them
// decides anything: who may do what, and whether a reader is in the way, is asked before.
//
// Lifetime: `table` must outlive it.  Threads: the reactor thread.
class Inventory {
 public:
  Inventory(ObjectTable& table, uint64_t arena_bytes);

  const ObjectTable& table() const { return table_; }
  ExtentAllocator& extents() { return extents_; }
  const ExtentAllocator& extents() const { return extents_; }
  Recency& recency() { return recency_; }
  const Recency& recency() const { return recency_; }
  const Unsealed& unsealed() const { return unsealed_; }
  Unsealed& unsealed() { return unsealed_; }
  const PlaceList& withdrawn() const { return withdrawn_; }
  const PlaceList& owner_pinned() const { return owner_pinned_; }
  const Ledger& ledger() const { return ledger_; }
  void add_listener(StoreListener& listener) { listeners_.push_back(&listener); }
  void remove_listener(StoreListener& listener) { std::erase(listeners_, &listener); }

  // Whether the only copy of an object must stay until it is safe elsewhere.
  bool keeps_only_copies() const { return keeps_only_copies_; }
  void keep_only_copies(bool keep) { keeps_only_copies_ = keep; }
  // Whether this one may leave memory, did nobody hold it. REQUIRES: it is evictable.
  bool may_go(const ObjectEntry& entry) const {
    return !keeps_only_copies_ || entry.worth() == Worth::kClean;
  }
  // Sealed and in the index: what is known of its bytes elsewhere. It becomes the warmest.
  void set_safety(uint32_t slot, Safety safety);

  // REQUIRES: the slot is not Free.
  ObjectEntry& entry(uint32_t slot) { return entries_[slot]; }
  const ObjectEntry& entry(uint32_t slot) const { return entries_[slot]; }
  uint32_t slot_of(const ObjectEntry& entry) const { return entries_.slot_of(entry); }
  // REQUIRES: the slot is not Free.
  Placement placement(uint32_t slot) const;

  // Whether `ref`, which anyone may have made up, names an object that is here in whatever state.
  bool holds(ObjectRef ref) const;
  // Whether `word` is a pin of what is in `slot` now. Any word, any slot.
  bool is_pin_of(uint64_t word, uint32_t slot) const;

  // Whether the table has a free slot and the arena an extent of this size.
  bool has_room(uint64_t size_bytes);
  // Takes in a new object. REQUIRES: has_room(size_bytes); as ObjectTable::add().
  ObjectRef add(const CreateSpec& spec, uint64_t size_bytes);
  // REQUIRES: as ObjectTable::show_ready(); in the index.
  void show_ready(uint32_t slot, uint64_t ready_bytes) { table_.show_ready(slot, ready_bytes); }
  // Unsealed and in the index -> evictable, the warmest.
  void seal(uint32_t slot);
  void keep_for_owner(uint32_t slot);      // evictable -> owner pinned
  void release_from_owner(uint32_t slot);  // and back, as the warmest

  // Takes it out of the index; nobody finds it any more.
  void unlink(uint32_t slot);
  // Evictable and unlinked -> Evicting, and in no list: scan the pins, then withdraw() or discard()
  // it.
  void stop_pins(uint32_t slot);
  // After stop_pins(): a reader looks at it.
  void withdraw(uint32_t slot);

  // Evictable -> Evicting and in no list, but still in the index: scan the pins, then give_back()
  // or discard() it. REQUIRES: it is in the recency list.
  void begin_eviction(ObjectEntry& entry);
  // A reader looks at it: evictable again, the warmest.
  void give_back(uint32_t slot);

  // The end of an object in any place: its slot, entry and memory are free.
  // REQUIRES: no reader may look at it any more.
  void discard(uint32_t slot) { discard(std::span<const uint32_t>(&slot, 1)); }
  // Many at once, cheaper each. REQUIRES: all different.
  void discard(std::span<const uint32_t> slots);

  // The ledger, counted anew. O(slots).
  Ledger recount() const;
  // Aborts if table, entries, lists, extents and ledger contradict one another. Slow.
  // REQUIRES: no object is between begin_eviction() or stop_pins() and what must follow.
  void check_invariants() const;

 private:
  void prefetch(uint32_t slot) const;
  void leave_index(uint32_t slot, ObjectEntry& entry, Departure why);
  void enter(ObjectEntry& entry, Place place);
  void leave(ObjectEntry& entry);
  void check_entry(uint32_t slot) const;
  void check_lists() const;

  ObjectTable& table_;
  EntryArray entries_;  // before all that links them
  ExtentAllocator extents_;
  Recency recency_;
  Unsealed unsealed_;
  PlaceList owner_pinned_;
  PlaceList withdrawn_;
  Ledger ledger_;
  std::vector<StoreListener*> listeners_;
  bool keeps_only_copies_ = false;
  std::vector<Extent*> freed_;  // scratch of discard()
};

}  // namespace obj
