// SPDX-License-Identifier: Apache-2.0
// directory/holdings.hh -- what is known of all objects, and who is told when it changes.
//
// The rules: "What is known of an object" in docs/directory.md. Which node may report when is
// decided above, in DirectoryState. The facts are in holdings.cc, who hears of them in
// holdings_news.cc.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "base/result.hh"
#include "directory/copies.hh"
#include "directory/directory_listener.hh"
#include "directory/location.hh"
#include "directory/location_answer.hh"
#include "directory/object_map.hh"
#include "directory/subscriptions.hh"
#include "directory/tenures.hh"

namespace obj::directory {

// Who reports.
struct Holder {
  NodeId node;
  TenureNumber tenure;
  uint64_t arena_bytes;
};

// Lifetime: `listener` must outlive it.  Threads: the reactor thread.
// Limits:   copies of new objects are refused once there are `objects_max`. Subscriptions to
// unknown
//           ids come on top; they are limited per subscriber.
class Holdings {
 public:
  Holdings(uint64_t seed, uint32_t objects_max, uint32_t subscriptions_per_peer_max,
           DirectoryListener& listener);

  Tenures& tenures() { return tenures_; }
  const Tenures& tenures() const { return tenures_; }
  // All its copies vanish from answers now; subscribers hear of it in sweep().
  void retire(TenureNumber tenure);

  enum class Outcome : uint8_t {
    kTaken,
    kConflict,  // kept, but shown to nobody: another put of this id was here first
    kRefused,   // cannot be true (beyond the arena, sizes that disagree), or no room
  };
  // The reports change one object each, in order. Stops after a report when `work_max` changes have
  // been told; returns how many reports were handled. `outcome(index, Outcome)` is called for each.
  template <class Tell>
  size_t apply(const Holder& holder, std::span<const CopyReport> reports, uint32_t work_max,
               Tell&& outcome) {
    work_ = 0;
    size_t done = 0;
    while (done < reports.size() && work_ < work_max) {
      const auto group = reports.subspan(done, std::min(kGroup, reports.size() - done));
      prefetch(group);
      for (size_t i = 0; i < group.size() && work_ < work_max; i++) {
        outcome(done, apply_one(holder, group[i], hashes_[i]));
        done++;
      }
    }
    return done;
  }

  // answers[i] for ids[i]. `missing`: the status of ids that are not here.
  // REQUIRES: answers.size() >= ids.size().
  void lookup(std::span<const ObjectId> ids, LookupStatus missing, std::span<Answer> answers);

  // Snapshots now, or, with `rebuilding`, what is known and the snapshot later.
  // kLimit: too many subscriptions; the ids before that one are subscribed.
  Result<void> subscribe(PeerId peer, std::span<const ObjectId> ids, bool rebuilding);
  void unsubscribe(PeerId peer, std::span<const ObjectId> ids);
  void drop_peer(PeerId peer) { subscriptions_.drop_peer(peer); }

  // Hides all copies of `id` and orders their holders to delete them. How many holders.
  uint32_t free(const ObjectId& id);

  // `rebuilding` is over: the snapshots that were put off are due, and given by sweep().
  void owe_no_longer() { watches_to_sweep_ = subscriptions_.end(); }
  // Up to about `work_max` records cleaned or subscribers told. Returns the work done; 0: there is
  // nothing to do.
  uint32_t sweep(uint32_t work_max, bool rebuilding);

  uint32_t objects() const { return objects_.size(); }
  uint32_t subscriptions() const { return subscriptions_.size(); }
  uint32_t snapshots_owed() const { return subscriptions_.snapshots_owed(); }
  // Memory, as computed.
  uint64_t bytes() const { return objects_.bytes() + copies_.bytes() + subscriptions_.bytes(); }

 private:
  // As many cache misses as a core keeps in flight a few times over, and small in the first cache.
  static constexpr size_t kGroup = 64;

  static const ObjectId& id_of(const ObjectId& id) { return id; }
  static const ObjectId& id_of(const CopyReport& report) { return report.id; }
  // Fills hashes_ and has the records on their way into the cache.
  template <class Item>
  void prefetch(std::span<const Item> group) {
    for (size_t i = 0; i < group.size(); i++) {
      hashes_[i] = objects_.hash_of(id_of(group[i]));
      objects_.prefetch_index(hashes_[i]);
    }
    for (size_t i = 0; i < group.size(); i++) objects_.prefetch_record(hashes_[i]);
  }
  Outcome apply_one(const Holder& holder, const CopyReport& report, uint64_t hash);
  Outcome hold(const Holder& holder, const CopyReport& report, uint64_t hash);
  Outcome hold_same(const Holder& holder, const CopyReport& report, ObjectRecord& record,
                    Copies::Position own);
  Outcome hold_new(const Holder& holder, const CopyReport& report, ObjectRecord& record);
  void remove(const Holder& holder, const CopyReport& report, uint64_t hash);

  Copies::Position own_copy(const ObjectRecord& record, const Holder& holder) const;
  void replace(CopyEntry& entry, const CopyEntry& by);
  void erase_copy(ObjectRecord& record, Copies::Position position);
  void settle(ObjectRecord& record);
  void erase_if_unused(uint32_t number);
  void order_free(const ObjectRecord& record, const CopyEntry& entry);

  void answer(uint32_t number, LookupStatus missing, Answer& answer);
  void show_copies(ObjectRecord& record, Answer& answer);
  Result<void> subscribe_one(PeerId peer, const ObjectId& id, bool rebuilding);
  void give_snapshot(uint32_t watch, bool complete);

  Location location(const CopyEntry& entry) const {
    return {tenures_.node(entry.tenure), entry.copy()};
  }
  void tell_all(const ObjectRecord& record, ChangeKind kind, const ObjectShape& shape,
                const Location& location);

  uint32_t sweep_watches(uint32_t work_max, bool rebuilding);
  uint32_t sweep_records(uint32_t work_max);
  uint32_t reap_watches(uint32_t work_max);

  DirectoryListener& listener_;
  uint32_t objects_max_;
  Tenures tenures_;
  ObjectMap objects_;
  Copies copies_;
  Subscriptions subscriptions_;

  uint32_t work_ = 0;      // changes told and reports handled since apply() or sweep() began
  uint32_t rotation_ = 0;  // which of many copies the next answer shows

  // The sweeps go round from where they are, this many steps more.
  uint32_t next_watch_ = 1;
  uint32_t watches_to_sweep_ = 0;
  uint32_t next_record_ = 1;
  uint32_t records_to_sweep_ = 0;

  std::array<uint64_t, kGroup> hashes_;  // of the group being handled
};

}  // namespace obj::directory
