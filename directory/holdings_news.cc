// SPDX-License-Identifier: Apache-2.0
// directory/holdings_news.cc -- who hears of what: snapshots, changes, and the sweep behind them.
#include <algorithm>

#include "directory/holdings.hh"

namespace obj::directory {

void Holdings::tell_all(const ObjectRecord& record, ChangeKind kind, const ObjectShape& shape,
                        const Location& location) {
  if (record.watches == 0) return;
  const LocationChange change{.id = record.id, .kind = kind, .shape = shape, .location = location};
  subscriptions_.for_each(record, [&](PeerId peer) {
    listener_.on_change(peer, change);
    work_++;
  });
}

Result<void> Holdings::subscribe(PeerId peer, std::span<const ObjectId> ids, bool rebuilding) {
  for (const ObjectId& id : ids) {
    const auto subscribed = subscribe_one(peer, id, rebuilding);
    if (!subscribed) return subscribed;
  }
  return {};
}

Result<void> Holdings::subscribe_one(PeerId peer, const ObjectId& id, bool rebuilding) {
  const uint32_t number = objects_.find_or_add(id, objects_.hash_of(id));
  if (number == 0) return std::unexpected(Error{ErrorCode::kLimit, 0, "objects"});
  settle(objects_[number]);
  const auto added = subscriptions_.add(peer, objects_[number], number);
  if (!added) {
    erase_if_unused(number);
    return std::unexpected(added.error());
  }
  // Who asks again is answered again: the first answer may be what it lost.
  give_snapshot(added->watch, !rebuilding);
  if (rebuilding) subscriptions_.owe_snapshot(added->watch);
  return {};
}

// `complete`: as a snapshot that says so; else as additions, for more may come.
void Holdings::give_snapshot(uint32_t watch, bool complete) {
  const PeerId peer = subscriptions_.peer(watch);
  ObjectRecord& record = objects_[subscriptions_[watch].record];
  uint32_t left = 0;
  copies_.for_each_shown(record, [&](const CopyEntry&) { left++; });
  if (complete) subscriptions_.snapshot_given(watch);
  work_ += 1 + left;
  if (left == 0) {
    if (complete)
      listener_.on_change(
          peer, {.id = record.id, .first = true, .last = true, .shape = {}, .location = {}});
    return;
  }
  bool first = complete;
  copies_.for_each_shown(record, [&](const CopyEntry& entry) {
    left--;
    listener_.on_change(peer, {.id = record.id,
                               .kind = ChangeKind::kAdded,
                               .first = first,
                               .last = complete && left == 0,
                               .shape = record.shape(),
                               .location = location(entry)});
    first = false;
  });
}

void Holdings::unsubscribe(PeerId peer, std::span<const ObjectId> ids) {
  for (const ObjectId& id : ids) {
    const uint32_t number = objects_.find(id, objects_.hash_of(id));
    if (number == 0) continue;
    subscriptions_.remove(peer, objects_[number]);
    erase_if_unused(number);
  }
}

uint32_t Holdings::sweep(uint32_t work_max, bool rebuilding) {
  uint32_t done = reap_watches(work_max);
  if (done < work_max) done += sweep_watches(work_max - done, rebuilding);
  if (done < work_max) done += sweep_records(work_max - done);
  return done;
}

uint32_t Holdings::reap_watches(uint32_t work_max) {
  uint32_t done = 0;
  while (done < work_max) {
    const uint32_t number =
        subscriptions_.reap_one([&](uint32_t record) -> ObjectRecord& { return objects_[record]; });
    if (number == 0) break;
    erase_if_unused(number);
    done++;
  }
  return done;
}

// Subscribers must hear of a dead node's copies soon, and not after millions of records that nobody
// waits for; and get the snapshots that were put off.
uint32_t Holdings::sweep_watches(uint32_t work_max, bool rebuilding) {
  const bool give = !rebuilding && subscriptions_.snapshots_owed() > 0;
  if (tenures_.retired_copies() == 0 && !give) watches_to_sweep_ = 0;
  work_ = 0;
  for (; watches_to_sweep_ > 0 && work_ < work_max; watches_to_sweep_--, next_watch_++, work_++) {
    if (next_watch_ >= subscriptions_.end()) next_watch_ = 1;
    if (next_watch_ >= subscriptions_.end()) continue;
    const Watch& watch = subscriptions_[next_watch_];
    if (watch.record == 0 || !subscriptions_.is_live(next_watch_)) continue;
    settle(objects_[watch.record]);
    if (watch.owes_snapshot && give) give_snapshot(next_watch_, true);
  }
  return work_;
}

uint32_t Holdings::sweep_records(uint32_t work_max) {
  if (tenures_.retired_copies() == 0) records_to_sweep_ = 0;
  work_ = 0;
  for (; records_to_sweep_ > 0 && work_ < work_max; records_to_sweep_--, next_record_++, work_++) {
    if (next_record_ >= objects_.end()) next_record_ = 1;
    if (next_record_ >= objects_.end() || !objects_[next_record_].in_use()) continue;
    settle(objects_[next_record_]);
    erase_if_unused(next_record_);
  }
  return work_;
}

}  // namespace obj::directory
