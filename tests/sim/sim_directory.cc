// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_directory.hh"

#include <algorithm>

namespace obj::sim {

void SimDirectory::subscribe(uint32_t node, const ObjectId& id) {
  Entry& entry = entries_[id];
  entry.subscribers[node] = record_for(node, entry);
  tell(node, id, entry.subscribers[node]);
}

void SimDirectory::unsubscribe(uint32_t node, const ObjectId& id) {
  entries_[id].subscribers.erase(node);
}

void SimDirectory::report(const ObjectId& id, const ObjectShape& shape, const Source& copy) {
  if (dead_.contains(copy.node)) return;
  Entry& entry = entries_[id];
  erase_copy(entry, copy.node);
  Group& group = entry.groups[shape.origin];
  group.shape = shape;
  group.copies[copy.node] = copy;
  entry.being_made = false;
  changed(id, entry);
}

void SimDirectory::withdraw(const ObjectId& id, SourceNode node) {
  Entry& entry = entries_[id];
  if (erase_copy(entry, node)) changed(id, entry);
}

bool SimDirectory::erase_copy(Entry& entry, SourceNode node) {
  size_t erased = 0;
  for (auto& [origin, group] : entry.groups) erased += group.copies.erase(node);
  return erased > 0;
}

void SimDirectory::set_being_made(const ObjectId& id, bool being_made) {
  Entry& entry = entries_[id];
  entry.being_made = being_made;
  changed(id, entry);
}

void SimDirectory::declare_dead(SourceNode node) {
  if (!dead_.insert(node).second) return;  // the subscriptions are those of its next life
  for (auto& [id, entry] : entries_) {
    entry.subscribers.erase(node.node);
    if (erase_copy(entry, node)) changed(id, entry);
  }
}

bool SimDirectory::has_whole_copy(const ObjectId& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  for (const auto& [origin, group] : found->second.groups) {
    if (group.copies.empty()) continue;
    return std::ranges::any_of(group.copies, [&](const auto& held) {
      return held.second.ready_bytes == group.shape.transfer_bytes;
    });
  }
  return false;
}

uint64_t SimDirectory::extent_bytes(const ObjectId& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return 0;
  for (const auto& [origin, group] : found->second.groups) {
    if (!group.copies.empty()) return group.shape.extent_bytes;
  }
  return 0;
}

size_t SimDirectory::subscriptions() const {
  size_t count = 0;
  for (const auto& [id, entry] : entries_) count += entry.subscribers.size();
  return count;
}

void SimDirectory::changed(const ObjectId& id, Entry& entry) {
  if (entry.flush_due) return;
  entry.flush_due = true;
  queue_.after(jitter_.between(0, options_.flush_ns_max), [this, id] { flush(id); });
}

void SimDirectory::flush(const ObjectId& id) {
  Entry& entry = entries_[id];
  entry.flush_due = false;
  for (auto& [node, told] : entry.subscribers) {
    ObjectRecord record = record_for(node, entry);
    if (record == told) continue;
    told = record;
    tell(node, id, std::move(record));
  }
}

// Of very many copies each subscriber is told some, other ones than its neighbours.
ObjectRecord SimDirectory::record_for(uint32_t node, const Entry& entry) {
  ObjectRecord record{.being_made = entry.being_made};
  for (const auto& [origin, group] : entry.groups) {
    if (!record.shape) record.shape = group.shape;
    if (group.copies.empty()) continue;
    record.shape = group.shape;
    const size_t stride = std::max<size_t>(1, group.copies.size() / options_.sources_named_max);
    size_t index = node % stride;
    for (const auto& [holder, copy] : group.copies) {
      const bool is_whole = copy.ready_bytes == group.shape.transfer_bytes;
      const bool is_own = holder.node == node;
      const bool is_wanted = index++ % stride == 0 || (is_whole && record.sources.empty());
      if (!is_own && is_wanted) record.sources.push_back(copy);
    }
    break;
  }
  return record;
}

void SimDirectory::tell(uint32_t node, const ObjectId& id, ObjectRecord record) {
  const bool lies = options_.lie_one_in > 0 && jitter_.next() % options_.lie_one_in == 0;
  if (lies && !record.sources.empty()) {
    Source& victim = record.sources[jitter_.next() % record.sources.size()];
    switch (jitter_.next() % 4) {
      case 0: victim.generation += 1; break;
      case 1: victim.offset += 64; break;
      case 2: record.shape->data_bytes += 1; break;
      default: victim.ready_bytes = record.shape->transfer_bytes; break;
    }
    send_(node, id, record);
    // The truth follows: a directory that lies for ever is one that nobody can pull with.
    record = entries_[id].subscribers[node];
  }
  send_(node, id, record);
  if (options_.repeat_one_in > 0 && jitter_.next() % options_.repeat_one_in == 0) {
    send_(node, id, record);
  }
}

}  // namespace obj::sim
