// SPDX-License-Identifier: Apache-2.0
// store/object_entry.hh -- what the daemon alone knows about the object in a slot.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

#include "store/extent_allocator.hh"
#include "store/intrusive.hh"
#include "store/object_ref.hh"

namespace obj {

// What an object's memory counts as in the ledger, and so which list it is in.
enum class Place : uint8_t {
  kUnsealed,     // its creator's list (Unsealed); also after it was removed from the index
  kEvictable,    // Recency, except while an eviction has it in hand
  kOwnerPinned,  // the owner-pinned list of Inventory
  kWithdrawn,    // the withdrawn list of Inventory: not in the index, but a reader may look at it
};

// It is the extent that it has in the arena, so that an address leads to its object.
struct ObjectEntry : Extent {
  Place place = Place::kUnsealed;
  CopyRole role = CopyRole::kPrimary;  // fixed while the object lives
  // In one byte, so that the whole fits a cache line.
  Safety safety : 7 = Safety::kOnlyCopy;
  bool is_indexed : 1 = true;
  SessionId creator = 0;
  ListHook place_hook;   // the one list that `place` names
  uint64_t used_at = 0;  // how warm it is: see Recency

  Worth worth() const { return worth_of(role, safety); }
};
static_assert(sizeof(ObjectEntry) == 64);  // a cache line

using PlaceList = ListOf<ObjectEntry, &ObjectEntry::place_hook>;

// An entry for each slot of the table. Memory that no slot ever used is never touched, so ten
// million slots cost address space only.
class EntryArray {
 public:
  explicit EntryArray(uint32_t slot_count);

  // Begins the life of the slot's entry. REQUIRES: it has none.
  ObjectEntry& create(uint32_t slot) { return *std::construct_at(at(slot)); }
  // REQUIRES: the slot has an entry, which is in no list.
  void destroy(uint32_t slot) { std::destroy_at(&(*this)[slot]); }

  // REQUIRES: the slot has an entry, that is, the slot is not Free.
  ObjectEntry& operator[](uint32_t slot) { return *std::launder(at(slot)); }
  const ObjectEntry& operator[](uint32_t slot) const { return *std::launder(at(slot)); }

  uint32_t slot_of(const ObjectEntry& entry) const {
    return static_cast<uint32_t>(reinterpret_cast<const Cell*>(&entry) - cells_.get());
  }

  // A hint to the CPU. REQUIRES: slot < slot_count.
  void prefetch(uint32_t slot) const { __builtin_prefetch(cells_.get() + slot, 1); }

 private:
  struct Cell {
    alignas(ObjectEntry) std::byte bytes[sizeof(ObjectEntry)];
  };
  struct Free {
    void operator()(Cell* cells) const { ::operator delete(cells, kAlign); }
  };
  // Of transparent huge pages, with which random access to a million entries misses the TLB less.
  static constexpr std::align_val_t kAlign{2 << 20};

  ObjectEntry* at(uint32_t slot) const {
    return reinterpret_cast<ObjectEntry*>(cells_.get()[slot].bytes);
  }

  std::unique_ptr<Cell[], Free> cells_;
};

}  // namespace obj
