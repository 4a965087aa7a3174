// SPDX-License-Identifier: Apache-2.0
#include "directory/subscriptions.hh"

namespace obj::directory {

Result<Subscriptions::Added> Subscriptions::add(PeerId peer, ObjectRecord& record,
                                                uint32_t record_number) {
  const uint32_t index = subscriber_of(peer);
  for (uint32_t at = record.watches; at != 0; at = watches_[at].next) {
    if (watches_[at].subscriber == index) return Added{at, false};
  }
  Subscriber& subscriber = subscribers_[index];
  if (subscriber.count >= per_peer_max_) {
    return std::unexpected(Error{ErrorCode::kLimit, 0, "subscriptions of one peer"});
  }
  const uint32_t number = watches_.allocate();
  watches_[number] = {.next = record.watches,
                      .record = record_number,
                      .subscriber = index,
                      .subscriber_next = subscriber.first,
                      .subscriber_previous = 0,
                      .owes_snapshot = false};
  if (subscriber.first != 0) watches_[subscriber.first].subscriber_previous = number;
  record.watches = number;
  subscriber.first = number;
  subscriber.count++;
  return Added{number, true};
}

void Subscriptions::remove(PeerId peer, ObjectRecord& record) {
  const auto found = by_peer_.find(peer);
  if (found == by_peer_.end()) return;
  for (uint32_t at = record.watches; at != 0; at = watches_[at].next) {
    if (watches_[at].subscriber == found->second) return unlink(record, at);
  }
}

void Subscriptions::drop_peer(PeerId peer) {
  const auto found = by_peer_.find(peer);
  if (found == by_peer_.end()) return;
  subscribers_[found->second].live = false;
  dropped_.push_back(found->second);
  by_peer_.erase(found);
}

void Subscriptions::owe_snapshot(uint32_t watch) {
  if (watches_[watch].owes_snapshot) return;
  watches_[watch].owes_snapshot = true;
  snapshots_owed_++;
}

void Subscriptions::snapshot_given(uint32_t watch) {
  if (!watches_[watch].owes_snapshot) return;
  watches_[watch].owes_snapshot = false;
  snapshots_owed_--;
}

uint32_t Subscriptions::subscriber_of(PeerId peer) {
  const auto [found, is_new] = by_peer_.try_emplace(peer, 0);
  if (!is_new) return found->second;
  if (unused_.empty()) {
    found->second = static_cast<uint32_t>(subscribers_.size());
    subscribers_.emplace_back();
  } else {
    found->second = unused_.back();
    unused_.pop_back();
  }
  subscribers_[found->second] = {.peer = peer, .live = true};
  return found->second;
}

void Subscriptions::unlink(ObjectRecord& record, uint32_t number) {
  snapshot_given(number);
  const Watch watch = watches_[number];
  uint32_t* link = &record.watches;
  while (*link != number) link = &watches_[*link].next;
  *link = watch.next;

  Subscriber& subscriber = subscribers_[watch.subscriber];
  (watch.subscriber_previous == 0 ? subscriber.first
                                  : watches_[watch.subscriber_previous].subscriber_next) =
      watch.subscriber_next;
  if (watch.subscriber_next != 0) {
    watches_[watch.subscriber_next].subscriber_previous = watch.subscriber_previous;
  }
  subscriber.count--;
  watches_[number].record = 0;
  watches_.release(number);
}

void Subscriptions::forget_dropped() {
  unused_.push_back(dropped_.back());
  dropped_.pop_back();
}

}  // namespace obj::directory
