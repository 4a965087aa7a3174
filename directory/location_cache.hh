// SPDX-License-Identifier: Apache-2.0
// directory/location_cache.hh -- the last answers about locations, until somebody finds them wrong.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>

#include "base/object_id.hh"
#include "directory/directory_client_owner.hh"

namespace obj::directory {

// An answer that is out of date does no harm: who reads by it checks the generation, and then calls
// invalidate().
//
// Threads: the reactor thread.  Limits: entries_max; the least recently used goes.
class LocationCache {
 public:
  LocationCache(size_t entries_max, uint64_t hash_seed)
      : entries_max_(entries_max), by_id_(16, SeededHash{hash_seed}) {}

  void put(const ObjectId& id, const Located& located);
  // Valid until the next call of anything here. Null: not known.
  const Located* find(const ObjectId& id);
  // This node's copy is not there, or not what it was said to be.
  void invalidate(const ObjectId& id, const NodeRef& node);
  void forget(const ObjectId& id);

  size_t size() const { return entries_.size(); }

 private:
  struct SeededHash {
    uint64_t seed;
    size_t operator()(const ObjectId& id) const { return hash(id, seed); }
  };
  struct Entry {
    ObjectId id;
    Located located;
  };

  size_t entries_max_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<ObjectId, std::list<Entry>::iterator, SeededHash> by_id_;
};

}  // namespace obj::directory
