// SPDX-License-Identifier: Apache-2.0
// store/recency.hh -- the evictable objects, from the coldest to the warmest.
#pragma once

#include <array>
#include <cstdint>

#include "store/object_entry.hh"

namespace obj {

// Least recently used first, and every secondary copy colder than any primary. Uses come in late
// and with gaps (clients log them, the daemon drains the logs before it evicts), which is as exact
// as the choice of a victim needs to be.
class Recency {
 public:
  void add_warmest(ObjectEntry& entry) {
    entry.used_at = next_use(entry.role);
    list(entry.role).push_back(entry);
    bytes_ += entry.size_bytes;
  }
  void remove(ObjectEntry& entry) {
    PlaceList& entries = list(entry.role);
    entries.erase(entries.iterator_to(entry));
    bytes_ -= entry.size_bytes;
  }
  // Makes it the warmest of its role. REQUIRES: it is here.
  void touch(ObjectEntry& entry) {
    entry.used_at = next_use(entry.role);
    PlaceList& entries = list(entry.role);
    entries.splice(entries.end(), entries, entries.iterator_to(entry));
  }
  // Whether it is here. REQUIRES: entry.place is kEvictable.
  static bool contains(const ObjectEntry& entry) { return entry.place_hook.is_linked(); }

  // Null if there is none of this role. REQUIRES of next_warmer(): `entry` is here.
  ObjectEntry* coldest(CopyRole role) { return list(role).empty() ? nullptr : &list(role).front(); }
  ObjectEntry* next_warmer(ObjectEntry& entry) {
    PlaceList& entries = list(entry.role);
    const auto next = std::next(entries.iterator_to(entry));
    return next == entries.end() ? nullptr : &*next;
  }

  size_t size(CopyRole role) const { return entries(role).size(); }
  size_t size() const { return size(CopyRole::kPrimary) + size(CopyRole::kSecondary); }
  uint64_t bytes() const { return bytes_; }
  const PlaceList& entries(CopyRole role) const { return lists_[static_cast<size_t>(role)]; }

 private:
  // Added to the uses of primaries, so that used_at alone says which of two objects is colder.
  static constexpr uint64_t kPrimaryHeadStart = uint64_t{1} << 63;

  PlaceList& list(CopyRole role) { return lists_[static_cast<size_t>(role)]; }
  uint64_t next_use(CopyRole role) {
    return ++uses_ + (role == CopyRole::kPrimary ? kPrimaryHeadStart : 0);
  }

  std::array<PlaceList, kCopyRoles> lists_;
  uint64_t bytes_ = 0;
  uint64_t uses_ = 0;
};

}  // namespace obj
