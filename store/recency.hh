// SPDX-License-Identifier: Apache-2.0
// store/recency.hh -- the evictable objects, from the coldest to the warmest.
#pragma once

#include <array>
#include <cstdint>

#include "store/object_entry.hh"

namespace obj {

// Least recently used first, and what is clean colder than anything else. Uses come in late and
// with gaps (clients log them, the daemon drains the logs before it evicts), which is as exact as
// the choice of a victim needs to be.
class Recency {
 public:
  void add_warmest(ObjectEntry& entry) {
    entry.used_at = next_use(entry.worth());
    list(entry.worth()).push_back(entry);
    bytes_[index(entry.worth())] += entry.size_bytes;
  }
  void remove(ObjectEntry& entry) {
    PlaceList& entries = list(entry.worth());
    entries.erase(entries.iterator_to(entry));
    bytes_[index(entry.worth())] -= entry.size_bytes;
  }
  // Makes it the warmest of its worth. REQUIRES: it is here.
  void touch(ObjectEntry& entry) {
    entry.used_at = next_use(entry.worth());
    PlaceList& entries = list(entry.worth());
    entries.splice(entries.end(), entries, entries.iterator_to(entry));
  }
  // Whether it is here. REQUIRES: entry.place is kEvictable.
  static bool contains(const ObjectEntry& entry) { return entry.place_hook.is_linked(); }

  // Null if there is none of this worth. REQUIRES of next_warmer(): `entry` is here.
  ObjectEntry* coldest(Worth worth) { return list(worth).empty() ? nullptr : &list(worth).front(); }
  ObjectEntry* next_warmer(ObjectEntry& entry) {
    PlaceList& entries = list(entry.worth());
    const auto next = std::next(entries.iterator_to(entry));
    return next == entries.end() ? nullptr : &*next;
  }

  size_t size(Worth worth) const { return entries(worth).size(); }
  uint64_t bytes(Worth worth) const { return bytes_[index(worth)]; }
  const PlaceList& entries(Worth worth) const { return lists_[index(worth)]; }

 private:
  // Added to the uses of what is not clean, so that used_at alone says which of two objects is
  // colder.
  static constexpr uint64_t kHeadStart = uint64_t{1} << 63;

  static constexpr size_t index(Worth worth) { return static_cast<size_t>(worth); }
  PlaceList& list(Worth worth) { return lists_[index(worth)]; }
  uint64_t next_use(Worth worth) { return ++uses_ + (worth == Worth::kClean ? 0 : kHeadStart); }

  std::array<PlaceList, kWorths> lists_;
  std::array<uint64_t, kWorths> bytes_{};
  uint64_t uses_ = 0;
};

}  // namespace obj
