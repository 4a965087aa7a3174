// SPDX-License-Identifier: Apache-2.0
// store/recency.hh -- the evictable objects, from the coldest to the warmest.
#pragma once

#include <cstdint>

#include "store/object_entry.hh"

namespace obj {

// Least recently used first. Uses come in late and with gaps (clients log them, the daemon drains
// the logs before it evicts), which is as exact as the choice of a victim needs to be.
class Recency {
 public:
  void add_warmest(ObjectEntry& entry) {
    entry.used_at = ++uses_;
    entries_.push_back(entry);
    bytes_ += entry.size_bytes;
  }
  void remove(ObjectEntry& entry) {
    entries_.erase(entries_.iterator_to(entry));
    bytes_ -= entry.size_bytes;
  }
  // Makes it the warmest. REQUIRES: it is here.
  void touch(ObjectEntry& entry) {
    entry.used_at = ++uses_;
    entries_.splice(entries_.end(), entries_, entries_.iterator_to(entry));
  }
  // Whether it is here. REQUIRES: entry.place is kEvictable.
  static bool contains(const ObjectEntry& entry) { return entry.place_hook.is_linked(); }

  // Null if there is none. REQUIRES: `entry` is here.
  ObjectEntry* coldest() { return entries_.empty() ? nullptr : &entries_.front(); }
  ObjectEntry* next_warmer(ObjectEntry& entry) {
    const auto next = std::next(entries_.iterator_to(entry));
    return next == entries_.end() ? nullptr : &*next;
  }

  size_t size() const { return entries_.size(); }
  uint64_t bytes() const { return bytes_; }
  const PlaceList& entries() const { return entries_; }

 private:
  PlaceList entries_;
  uint64_t bytes_ = 0;
  uint64_t uses_ = 0;
};

}  // namespace obj
