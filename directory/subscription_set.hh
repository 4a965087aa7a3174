// SPDX-License-Identifier: Apache-2.0
// directory/subscription_set.hh -- the client's subscriptions, and what it knows through them.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "base/object_id.hh"
#include "directory/directory_client_owner.hh"
#include "directory/location_answer.hh"

namespace obj::directory {

// Turns snapshots and changes into the present state of each id, and says when it really changed,
// whatever was repeated by a new connection or a directory that was started again.
//
// Threads: the reactor thread.
class SubscriptionSet {
 public:
  explicit SubscriptionSet(uint64_t hash_seed) : watched_(16, SeededHash{hash_seed}) {}

  // Repeats have no effect.
  void add(const ObjectId& id);
  void remove(const ObjectId& id);
  bool contains(const ObjectId& id) const { return watched_.contains(id); }
  size_t size() const { return watched_.size(); }

  // True: located() is news for the owner.
  [[nodiscard]] bool apply(const LocationChange& change);
  // REQUIRES: contains(id).
  const Located& located(const ObjectId& id) const { return watched_.find(id)->second.located; }

  // ---- what the directory must be told ---------------------------------------------------------
  // A new connection: it knows nothing of us.
  void tell_all_again();
  // The connection is gone.
  void tell_nothing();
  bool has_untold() const { return !untold_.empty(); }
  // The next ids to be told, all to be subscribed or all to be unsubscribed, up to `count_max`.
  // REQUIRES: has_untold().
  struct Batch {
    bool subscribe;
    std::vector<ObjectId> ids;
  };
  Batch take_untold(size_t count_max);

 private:
  struct SeededHash {
    uint64_t seed;
    size_t operator()(const ObjectId& id) const { return hash(id, seed); }
  };
  struct Watched {
    Located located;
    std::vector<Location> snapshot;  // what came of the present one
    ObjectShape snapshot_shape;
    bool in_snapshot = false;
    bool told = false;  // the owner knows `located`
  };
  struct Untold {
    bool subscribe;
    ObjectId id;
  };

  bool finish_snapshot(Watched& watched);
  static bool apply_one(Watched& watched, const LocationChange& change);

  std::unordered_map<ObjectId, Watched, SeededHash> watched_;
  std::deque<Untold> untold_;
  bool connected_ = false;
};

}  // namespace obj::directory
