// SPDX-License-Identifier: Apache-2.0
// directory/subscriptions.hh -- who wants to hear of which objects.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/result.hh"
#include "directory/object_record.hh"
#include "directory/slab.hh"
#include "fabric/message_transport.hh"

namespace obj::directory {

// One subscriber's interest in one object; in a list of the object and in one of the subscriber.
struct Watch {
  uint32_t next;    // of the object
  uint32_t record;  // 0: not in use
  uint32_t subscriber;
  uint32_t subscriber_next;  // of the subscriber
  uint32_t subscriber_previous;
  bool owes_snapshot;  // it was not told yet that it knows all
};

// Threads: the reactor thread.
// Limits:  a number of watches per subscriber, given at construction.
class Subscriptions {
 public:
  explicit Subscriptions(uint32_t per_peer_max) : per_peer_max_(per_peer_max), subscribers_(1) {}

  struct Added {
    uint32_t watch;
    bool is_new;
  };
  // kLimit.
  Result<Added> add(PeerId peer, ObjectRecord& record, uint32_t record_number);
  // No effect if there is none.
  void remove(PeerId peer, ObjectRecord& record);

  // The peer hears nothing any more. Its watches go in reap(), since there may be many.
  void drop_peer(PeerId peer);
  bool has_dropped() const { return !dropped_.empty(); }
  // Takes one watch of a dropped peer out; the number of its record. 0: none was left.
  template <class RecordOf>
  uint32_t reap_one(RecordOf&& record_of) {
    while (!dropped_.empty() && subscribers_[dropped_.back()].first == 0) forget_dropped();
    if (dropped_.empty()) return 0;
    const uint32_t watch = subscribers_[dropped_.back()].first;
    const uint32_t record = watches_[watch].record;
    unlink(record_of(record), watch);
    return record;
  }

  // Calls tell(peer) for each live subscriber; `tell` must not add or remove.
  template <class Tell>
  void for_each(const ObjectRecord& record, Tell&& tell) const {
    for (uint32_t at = record.watches; at != 0; at = watches_[at].next) {
      const Subscriber& subscriber = subscribers_[watches_[at].subscriber];
      if (subscriber.live) tell(subscriber.peer);
    }
  }

  // By number, for sweeps: below end(); in use if record != 0.
  const Watch& operator[](uint32_t watch) const { return watches_[watch]; }
  uint32_t end() const { return watches_.end(); }
  bool is_live(uint32_t watch) const { return subscribers_[watches_[watch].subscriber].live; }
  PeerId peer(uint32_t watch) const { return subscribers_[watches_[watch].subscriber].peer; }

  void owe_snapshot(uint32_t watch);
  void snapshot_given(uint32_t watch);
  uint32_t snapshots_owed() const { return snapshots_owed_; }

  uint32_t size() const { return watches_.used(); }
  uint64_t bytes() const { return watches_.bytes(); }

 private:
  struct Subscriber {
    PeerId peer = 0;
    uint32_t first = 0;  // of its watches
    uint32_t count = 0;
    bool live = false;
  };

  uint32_t subscriber_of(PeerId peer);
  void unlink(ObjectRecord& record, uint32_t watch);
  void forget_dropped();

  uint32_t per_peer_max_;
  Slab<Watch, 1024> watches_;
  std::vector<Subscriber> subscribers_;  // 0 is nobody
  std::vector<uint32_t> unused_;         // of subscribers_
  std::vector<uint32_t> dropped_;        // of subscribers_: dead, with watches left
  std::unordered_map<PeerId, uint32_t> by_peer_;
  uint32_t snapshots_owed_ = 0;
};

}  // namespace obj::directory
