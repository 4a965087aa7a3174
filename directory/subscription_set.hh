// SPDX-License-Identifier: Apache-2.0
// directory/subscription_set.hh -- the client's subscriptions, and what it knows through them.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <unordered_set>
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
  explicit SubscriptionSet(uint64_t hash_seed)
      : watched_(16, SeededHash{hash_seed}), leaving_(16, SeededHash{hash_seed}) {}

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
  // Somebody waits for what the directory answers: tell it now.
  bool has_urgent() const { return !joining_.empty(); }
  // Or what it need not tell us any more, which costs little to be told a little longer.
  bool has_untold() const { return has_urgent() || !leaving_.empty(); }
  // The next ids to be told, all to be subscribed or all to be unsubscribed, up to `count_max`.
  // Those to be subscribed come first, unless one of them must be unsubscribed before.
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
    bool told = false;   // the owner knows `located`
    bool asked = false;  // the directory was told, over this connection
  };

  bool finish_snapshot(Watched& watched);
  static bool apply_one(Watched& watched, const LocationChange& change);
  bool is_joining(const ObjectId& id) const;
  void forget_withdrawn_wishes();

  std::unordered_map<ObjectId, Watched, SeededHash> watched_;
  // To be subscribed, in order. May hold ids that left, or were told meanwhile; never at the front.
  std::deque<ObjectId> joining_;
  std::unordered_set<ObjectId, SeededHash> leaving_;  // to be unsubscribed
  bool leaving_first_ = false;                        // one of them is joining again
  bool connected_ = false;
};

}  // namespace obj::directory
