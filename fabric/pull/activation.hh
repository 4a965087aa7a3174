// SPDX-License-Identifier: Apache-2.0
// fabric/pull/activation.hh -- which bundles run: order, ageing, displacement. Pure.
//
// Bundles queue, class by class, in the order in which their last object was located. One that does
// not fit may be passed by others that do, for a while; then nobody behind it starts before it. One
// whose room is only being drained keeps that room. A bundle stops others of less urgent classes,
// the newest prefetch first, if that makes room for it. At least one bundle runs if any can.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "fabric/pull/bundle.hh"
#include "fabric/pull/pull_budget.hh"
#include "fabric/pull/pull_options.hh"

namespace obj {

// Moves bundles between their states and keeps WantedObject::active_bundles and the budget in step.
// What that means for pulls and pins is the caller's to do, for every bundle in `changed`.
class Activation {
 public:
  // Both must outlive it.
  Activation(const PullOptions& options, PullBudget& budget) : options_(options), budget_(budget) {}

  // All its objects are located. REQUIRES: Locating.
  void enqueue(Bundle& bundle, uint64_t now_ns);
  // Out of the queue, or stopped. Already Locating: no effect.
  void suspend(Bundle& bundle);

  // Starts and stops what must be, if anything changed since the last time.
  void plan(uint64_t now_ns, std::vector<Bundle*>& changed);

  size_t queued_bundles() const;
  size_t active_bundles() const;
  const std::map<BundleId, Bundle*>& active(PullClass pull_class) const {
    return active_[pull_class];
  }

 private:
  void start(Bundle& bundle, std::vector<Bundle*>& changed);
  void stop(Bundle& bundle, std::vector<Bundle*>& changed);
  void count(Bundle& bundle, bool active);
  void shrink(std::vector<Bundle*>& changed);
  bool fill(PullClass pull_class, uint64_t now_ns, std::vector<Bundle*>& changed);
  bool may_start(const Bundle& bundle) const;
  bool has_room_coming(const Bundle& bundle) const;
  void displace_for(const Bundle& bundle, std::vector<Bundle*>& changed);
  Bundle* newest_active() const;

  const PullOptions& options_;
  PullBudget& budget_;
  bool dirty_ = false;
  uint64_t next_order_ = 0;
  uint64_t promised_bytes_ = 0;  // while planning: room on its way to bundles passed over
  PerClass<std::map<uint64_t, Bundle*>> queued_;  // by queue_order
  PerClass<std::map<BundleId, Bundle*>> active_;
};

}  // namespace obj
