// SPDX-License-Identifier: Apache-2.0
// node/wishes.hh -- which waiting requests want which bundle from other nodes. Pure.
//
// The requests of one multi-get are one bundle: they come one after the other, each but the last
// marked that more follow. A bundle is wanted for as long as one of its requests waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/object_id.hh"
#include "fabric/pull/bundle_id.hh"
#include "fabric/pull/pull_class.hh"
#include "store/object_ref.hh"

namespace obj {

// One waiting request and what it waits for.
struct Wish {
  SessionId session;
  uint32_t tag;
  ObjectId id;
};

// Threads: the reactor thread.  Limits: as many as there are waiters.
class Wishes {
 public:
  // A bundle in the making.
  struct Draft {
    PullClass pull_class = PullClass::kGet;
    std::vector<Wish> wishes;
  };

  // Adds to the draft. What is returned is a draft that must be requested first: this wish is
  // another session's, or of another class.
  [[nodiscard]] std::optional<Draft> add(PullClass pull_class, const Wish& wish);
  // The draft, if there is one.
  [[nodiscard]] std::optional<Draft> take_draft();

  // The draft was requested as `bundle`.
  void requested(BundleId bundle, const Draft& draft);

  // A request waits no more, whatever the reason. Returns the bundle that nobody wants now.
  [[nodiscard]] std::optional<BundleId> leave(SessionId session, uint32_t tag);
  // All of a session.
  void leave_session(SessionId session, std::vector<BundleId>& unwanted);

  // The bundle has ended: removes it and returns the requests that still wait.
  Draft end(BundleId bundle);

  size_t size() const { return bundles_.size(); }

 private:
  struct Bundle {
    PullClass pull_class;
    std::unordered_map<uint64_t, ObjectId> waiting;  // by session and tag
  };

  static uint64_t key(SessionId session, uint32_t tag) { return uint64_t{session} << 32 | tag; }
  bool remove(BundleId bundle, uint64_t key);

  std::optional<Draft> draft_;
  std::unordered_map<BundleId, Bundle> bundles_;
  std::unordered_map<SessionId, std::unordered_map<uint32_t, BundleId>> by_session_;
};

}  // namespace obj
