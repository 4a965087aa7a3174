// SPDX-License-Identifier: Apache-2.0
#include "directory/location_cache.hh"

namespace obj::directory {

void LocationCache::put(const ObjectId& id, const Located& located) {
  if (entries_max_ == 0) return;
  const auto known = by_id_.find(id);
  if (known != by_id_.end()) {
    known->second->located = located;
    entries_.splice(entries_.begin(), entries_, known->second);
    return;
  }
  if (entries_.size() >= entries_max_) {
    by_id_.erase(entries_.back().id);
    entries_.pop_back();
  }
  entries_.push_front({id, located});
  by_id_[id] = entries_.begin();
}

const Located* LocationCache::find(const ObjectId& id) {
  const auto known = by_id_.find(id);
  if (known == by_id_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, known->second);
  return &known->second->located;
}

void LocationCache::invalidate(const ObjectId& id, const NodeRef& node) {
  const auto known = by_id_.find(id);
  if (known == by_id_.end()) return;
  std::vector<Location>& copies = known->second->located.copies;
  std::erase_if(copies, [&](const Location& location) { return location.node == node; });
  if (copies.empty()) forget(id);
}

void LocationCache::forget(const ObjectId& id) {
  const auto known = by_id_.find(id);
  if (known == by_id_.end()) return;
  entries_.erase(known->second);
  by_id_.erase(known);
}

}  // namespace obj::directory
