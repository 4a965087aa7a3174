// SPDX-License-Identifier: Apache-2.0
// node/spill/spilled_objects.hh -- which objects have a durable record, and where. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/object_id.hh"
#include "spill/spill_tier.hh"
#include "store/object_store.hh"

namespace obj {

struct SpilledObject {
  SpillCopy copy;
  SpillPlace place;
  // Of the copy in memory, now or last; its owner may still know the object by it.
  ObjectRef ref{};
  bool in_memory = false;
};

struct SpilledTotals {
  uint64_t objects = 0;
  uint64_t bytes = 0;         // of the records
  uint64_t only_objects = 0;  // those that are not in memory

  friend bool operator==(const SpilledTotals&, const SpilledTotals&) = default;
};

// Threads: the reactor thread.  Limits: memory, about 150 bytes an object.
class SpilledObjects : public TakenIds {
 public:
  // Null: none. Valid until the next erase().
  const SpilledObject* find(const ObjectId& id) const;
  // REQUIRES: there is no record of that id.
  void add(const SpilledObject& object);
  void erase(const ObjectId& id);

  // A copy came to memory, or went. REQUIRES: there is a record.
  void came_to_memory(const ObjectId& id, ObjectRef ref);
  void left_memory(const ObjectId& id);

  const SpilledTotals& totals() const { return totals_; }
  // The same, counted anew.
  SpilledTotals recount() const;

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [id, object] : objects_) visit(object);
  }

  // An id that is in memory too is taken there.
  bool is_taken(const ObjectId& id) const override { return objects_.contains(id); }

 private:
  std::unordered_map<ObjectId, SpilledObject, ObjectIdHash> objects_;
  SpilledTotals totals_;
};

}  // namespace obj
