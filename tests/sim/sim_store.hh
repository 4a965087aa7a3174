// SPDX-License-Identifier: Apache-2.0
// tests/sim/sim_store.hh -- fake of one node's object store, with real bytes in a small arena.
//
// Calls and meanings are those of store/object_store.hh, as far as pulls need them. Differences
// that make it harsher: memory is scribbled over in the instant in which it becomes free, and the
// lowest addresses are used again first, so that whoever still reads or writes there is found out.
// The address space is larger than the capacity, so that fragmentation never keeps an object out.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <span>
#include <vector>

#include "base/object_id.hh"
#include "base/result.hh"
#include "fabric/pull/source.hh"

namespace obj::sim {

struct SimObject {
  ObjectId id;
  ObjectShape shape;
  uint32_t slot = 0;
  uint64_t offset = 0;
  uint64_t ready_bytes = 0;
  bool sealed = false;
  bool primary = false;    // never evicted to make room
  bool of_pull = false;    // unsealed, and reserved by the pull manager
  bool pulls_pin = false;  // pinned by the pull manager
  uint32_t client_pins = 0;
  uint64_t last_use = 0;

  // It would stay even if pulls let go of it.
  bool others_hold() const { return !of_pull && (!sealed || primary || client_pins > 0); }
  bool evictable() const { return sealed && !pulls_pin && !others_hold(); }
};

class SimStore {
 public:
  // `on_free` is told of each range just before it is scribbled over; `on_evicted` of each sealed
  // object that goes.
  struct Hooks {
    std::function<void(uint64_t offset, uint64_t size_bytes)> on_free;
    std::function<void(const SimObject&)> on_evicted;
  };
  SimStore(uint64_t capacity_bytes, uint64_t first_generation, Hooks hooks);

  // kExists, kTooLarge, kOutOfMemory: even the eviction of everything evictable would not do.
  Result<SimObject*> create(const ObjectId& id, const ObjectShape& shape);
  void seal(SimObject& object);
  // Gives the memory back and moves the slot's generation on, whatever the object's state.
  void destroy(SimObject& object);

  SimObject* find(const ObjectId& id);
  std::list<SimObject>& objects() { return objects_; }

  // A remote look at a slot. Nothing if no object is there.
  std::optional<SlotSighting> look(uint32_t slot) const;
  std::span<uint8_t> bytes(uint64_t offset, uint64_t size_bytes);
  bool is_in_arena(uint64_t offset, uint64_t size_bytes) const;

  uint64_t capacity_bytes() const { return capacity_bytes_; }
  uint64_t used_bytes() const;
  // What pulls may hold in all: PullManager::on_budget().
  uint64_t pull_limit_bytes() const;
  uint64_t reserved_by_pulls_bytes() const;
  Source source_of(const SimObject& object, SourceNode node) const;

 private:
  struct Slot {
    uint64_t generation = 0;
    SimObject* object = nullptr;
  };

  bool make_room(uint64_t extent_bytes);
  uint64_t place(uint64_t extent_bytes);
  uint32_t take_slot();

  const uint64_t capacity_bytes_;
  const uint64_t first_generation_;
  Hooks hooks_;
  std::list<SimObject> objects_;
  std::map<uint64_t, uint64_t> used_;  // extents by offset, with their size
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  std::vector<uint8_t> arena_;
  uint64_t uses_ = 0;
  uint8_t scribble_ = 0;
};

}  // namespace obj::sim
