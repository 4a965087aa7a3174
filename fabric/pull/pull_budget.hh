// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_budget.hh -- how much of the node's memory the running bundles take. Pure.
#pragma once

#include <cstdint>

#include "fabric/pull/bundle.hh"

namespace obj {

// An object counts while an active bundle wants it, whether it has arrived (it is pinned then) or
// not, and on until its pull has given the memory back. Each counts once, however many want it, and
// not at all while others hold it in memory anyway.
class PullBudget {
 public:
  // limit_bytes: what pulls may hold in all just now: the arena less everything that others hold,
  // pinned by pulls as well or not. capacity_bytes: the most that can ever be had; 0: not known.
  void set(uint64_t limit_bytes, uint64_t capacity_bytes);

  // Counts the object anew, after anything about it changed.
  void update(WantedObject& object);

  // What would be added to active_bytes() if the bundle started ...
  uint64_t need(const Bundle& bundle) const;
  // ... and how much of that is draining now, so that held_bytes() would not grow by it.
  uint64_t draining_of(const Bundle& bundle) const;
  // The same if no bundle of a less urgent class than its own were active.
  uint64_t need_beside_urgent(const Bundle& bundle) const;

  uint64_t limit_bytes() const { return limit_bytes_; }
  uint64_t capacity_bytes() const { return capacity_bytes_; }
  // Of objects that active bundles of this class or a more urgent one want.
  uint64_t active_bytes(PullClass least = PullClass::kPrefetch) const;
  // Of objects that nobody active wants, but whose reads are not over.
  uint64_t draining_bytes() const { return draining_bytes_; }
  uint64_t held_bytes() const { return active_bytes() + draining_bytes_; }

  // Whether something else may fit, or no longer fit, than when this was asked last.
  bool take_changed();

 private:
  uint64_t& account(const WantedObject& object);

  uint64_t limit_bytes_ = 0;
  uint64_t capacity_bytes_ = 0;
  PerClass<uint64_t> active_bytes_;  // by the object's most urgent active class
  uint64_t draining_bytes_ = 0;
  bool changed_ = false;
};

}  // namespace obj
