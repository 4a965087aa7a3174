// SPDX-License-Identifier: Apache-2.0
// directory/object_map.hh -- the records of all objects, by id.
#pragma once

#include <cstdint>

#include "base/object_id.hh"
#include "directory/id_index.hh"
#include "directory/object_record.hh"
#include "directory/slab.hh"

namespace obj::directory {

// Records are named by numbers that stay valid until erase().
//
// Lookups of many ids go in three passes, so that the cache misses of all overlap: prefetch_index()
// of each, then prefetch_record() of each, then find().
//
// Threads: the reactor thread.
class ObjectMap {
 public:
  static constexpr uint32_t kRecordsMax = uint32_t{1} << 30;

  // `seed`: random and secret, since ids are the users' choice.
  explicit ObjectMap(uint64_t seed) : seed_(seed) {}

  uint64_t hash_of(const ObjectId& id) const { return hash(id, seed_); }
  void prefetch_index(uint64_t hash) const { index_.prefetch(hash); }
  void prefetch_record(uint64_t hash) const {
    if (const uint32_t number = index_.guess(hash)) records_.prefetch(number);
  }

  // 0: not there. REQUIRES of all: hash == hash_of(id).
  uint32_t find(const ObjectId& id, uint64_t hash) const {
    return index_.find(hash, [&](uint32_t number) { return records_[number].id == id; });
  }
  // With neither copies nor watches if it is new. 0: it is not here, and `records_max` others are.
  // REQUIRES: records_max <= kRecordsMax.
  uint32_t find_or_add(const ObjectId& id, uint64_t hash, uint32_t records_max = kRecordsMax);
  // REQUIRES: the record is not in_use().
  void erase(uint32_t number);

  ObjectRecord& operator[](uint32_t number) { return records_[number]; }
  const ObjectRecord& operator[](uint32_t number) const { return records_[number]; }

  uint32_t size() const { return records_.used(); }
  // Every record's number is below it; those that are not in_use() are no records.
  uint32_t end() const { return records_.end(); }
  uint64_t bytes() const { return records_.bytes() + index_.bytes(); }

 private:
  static constexpr uint32_t kRecordsPerChunk = 65536;  // 4 MiB

  uint64_t seed_;
  IdIndex index_;
  Slab<ObjectRecord, kRecordsPerChunk> records_;
};

}  // namespace obj::directory
