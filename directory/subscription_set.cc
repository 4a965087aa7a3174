// SPDX-License-Identifier: Apache-2.0
#include "directory/subscription_set.hh"

#include <algorithm>

namespace obj::directory {
namespace {

auto find_node(std::vector<Location>& copies, NodeId node) {
  return std::ranges::find(copies, node, [](const Location& known) { return known.node.node; });
}

// Snapshots come in the directory's order, changes in that of events.
bool same_copies(std::vector<Location> left, std::vector<Location> right) {
  const auto by_node = [](const Location& a, const Location& b) { return a.node < b.node; };
  std::sort(left.begin(), left.end(), by_node);
  std::sort(right.begin(), right.end(), by_node);
  return left == right;
}

}  // namespace

void SubscriptionSet::add(const ObjectId& id) {
  if (!watched_.try_emplace(id).second || !connected_) return;
  joining_.push_back(id);
  if (leaving_.contains(id)) leaving_first_ = true;
}

void SubscriptionSet::remove(const ObjectId& id) {
  const auto watched = watched_.extract(id);
  if (watched.empty()) return;
  if (watched.mapped().asked) leaving_.insert(id);
  forget_withdrawn_wishes();
}

bool SubscriptionSet::is_joining(const ObjectId& id) const {
  const auto watched = watched_.find(id);
  return watched != watched_.end() && !watched->second.asked;
}

void SubscriptionSet::forget_withdrawn_wishes() {
  while (!joining_.empty() && !is_joining(joining_.front())) joining_.pop_front();
}

bool SubscriptionSet::apply(const LocationChange& change) {
  const auto found = watched_.find(change.id);
  if (found == watched_.end()) return false;  // we unsubscribed meanwhile
  Watched& watched = found->second;
  if (change.first) {
    watched.in_snapshot = true;
    watched.snapshot.clear();
    watched.snapshot_shape = change.shape;
  }
  if (!watched.in_snapshot) return apply_one(watched, change);
  if (change.kind == ChangeKind::kAdded) watched.snapshot.push_back(change.location);
  return change.last && finish_snapshot(watched);
}

bool SubscriptionSet::finish_snapshot(Watched& watched) {
  watched.in_snapshot = false;
  Located& located = watched.located;
  const bool is_news = !watched.told || located.shape != watched.snapshot_shape ||
                       !same_copies(located.copies, watched.snapshot);
  located.shape = watched.snapshot_shape;
  located.copies.swap(watched.snapshot);
  located.copies_known = static_cast<uint32_t>(located.copies.size());
  watched.snapshot = {};
  watched.told = true;
  return is_news;
}

bool SubscriptionSet::apply_one(Watched& watched, const LocationChange& change) {
  Located& located = watched.located;
  const auto known = find_node(located.copies, change.location.node.node);
  const bool is_known = known != located.copies.end();
  if (change.kind == ChangeKind::kRemoved) {
    if (!is_known || *known != change.location) return false;
    located.copies.erase(known);
    if (located.copies.empty()) located.shape = {};
  } else {
    if (is_known && *known == change.location && located.shape == change.shape) return false;
    // Another put: what was known of the first one came before its removal could be told.
    if (located.shape != change.shape) located.copies.clear();
    located.shape = change.shape;
    const auto place = find_node(located.copies, change.location.node.node);
    if (place != located.copies.end())
      *place = change.location;
    else
      located.copies.push_back(change.location);
  }
  located.copies_known = static_cast<uint32_t>(located.copies.size());
  watched.told = true;
  return true;
}

void SubscriptionSet::tell_all_again() {
  tell_nothing();
  connected_ = true;
  for (auto& [id, watched] : watched_) {
    watched.in_snapshot = false;
    joining_.push_back(id);
  }
}

void SubscriptionSet::tell_nothing() {
  connected_ = false;
  joining_.clear();
  leaving_.clear();
  leaving_first_ = false;
  for (auto& [id, watched] : watched_) watched.asked = false;
}

SubscriptionSet::Batch SubscriptionSet::take_untold(size_t count_max) {
  Batch batch{!leaving_first_ && has_urgent(), {}};
  if (!batch.subscribe) {
    while (!leaving_.empty() && batch.ids.size() < count_max) {
      batch.ids.push_back(*leaving_.begin());
      leaving_.erase(leaving_.begin());
    }
    leaving_first_ = leaving_first_ && !leaving_.empty();
    return batch;
  }
  while (!joining_.empty() && batch.ids.size() < count_max) {
    batch.ids.push_back(joining_.front());
    watched_.find(joining_.front())->second.asked = true;
    forget_withdrawn_wishes();
  }
  return batch;
}

}  // namespace obj::directory
