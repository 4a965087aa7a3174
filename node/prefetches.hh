// SPDX-License-Identifier: Apache-2.0
// node/prefetches.hh -- bundles that nobody waits for, and until when they are wanted. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/clock.hh"
#include "base/object_id.hh"
#include "fabric/pull/bundle_id.hh"

namespace obj {

// Threads: the reactor thread.
class Prefetches {
 public:
  // The ids of one call come one after the other. REQUIRES: end_call() before another call's.
  void add(const ObjectId& id, uint64_t deadline_ns) {
    ids_.push_back(id);
    deadline_ns_ = deadline_ns;
  }
  const std::vector<ObjectId>& ids() const { return ids_; }
  // The call's ids were requested as `bundle`; 0: they could not be.
  void end_call(BundleId bundle) {
    ids_.clear();
    if (bundle == 0) return;
    bundles_.emplace(bundle, by_deadline_.emplace(deadline_ns_, bundle));
  }

  // False: it is none of these.
  bool end(BundleId bundle) {
    const auto found = bundles_.find(bundle);
    if (found == bundles_.end()) return false;
    by_deadline_.erase(found->second);
    bundles_.erase(found);
    return true;
  }

  uint64_t next_deadline_ns() const {
    return by_deadline_.empty() ? kForeverNs : by_deadline_.begin()->first;
  }
  // REQUIRES: there is one.
  BundleId first() const { return by_deadline_.begin()->second; }
  size_t size() const { return bundles_.size(); }

 private:
  using ByDeadline = std::multimap<uint64_t, BundleId>;

  std::vector<ObjectId> ids_;  // of the call being taken
  uint64_t deadline_ns_ = kForeverNs;
  ByDeadline by_deadline_;
  std::unordered_map<BundleId, ByDeadline::iterator> bundles_;
};

}  // namespace obj
