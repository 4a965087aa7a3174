// SPDX-License-Identifier: Apache-2.0
// fabric/pull/bundle.hh -- who wants which objects: the records that the pull manager's parts
// share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hh"
#include "base/object_id.hh"
#include "fabric/pull/pull_action.hh"
#include "fabric/pull/pull_class.hh"
#include "fabric/pull/source.hh"

namespace obj {

struct Bundle;
struct WantedObject;

// Who keeps an object in this node's memory. What others keep anyway takes nothing of the pulls'
// budget: the limit already leaves it out, and stopping a pull would not give it back.
enum class LocalHold : uint8_t {
  kPulls,      // nobody, but for the pins of pulls
  kOthersToo,  // it cannot be evicted, whatever pulls do: a primary, or somebody else has pinned it
};

// One bundle's interest in one object. Part of the bundle; linked into the object's list.
struct Want {
  Bundle* bundle = nullptr;
  WantedObject* object = nullptr;
  Want* next = nullptr;
  Want* previous = nullptr;
};

//            every object located            may start
//   Locating -------------------> Queued <---------------> Active
//      ^                             |     displaced          |
//      +--- one is lost or has no holder any more ------------+
struct Bundle {
  enum class State : uint8_t { kLocating, kQueued, kActive };

  BundleId id = 0;
  PullClass pull_class = PullClass::kGet;
  State state = State::kLocating;
  std::vector<Want> wants;    // one for each distinct object; fixed after the request
  uint32_t missing = 0;       // of them, not in this node's memory
  uint32_t unlocated = 0;     // of them, neither here nor to be had anywhere
  uint64_t extent_bytes = 0;  // of all whose size is known
  uint64_t queue_order = 0;   // valid while Queued or Active
  uint64_t queued_at_ns = 0;  // since when it could run
};

// An object that some bundle wants, or whose pull has not ended yet.
struct WantedObject {
  ObjectId id;
  ObjectRecord record;
  Want* wants = nullptr;               // the list's head; null: only the pull keeps this record
  bool local = false;                  // sealed in this node's memory
  bool pinned = false;                 // Pin was asked for
  bool sealing = false;                // Seal was asked for, not answered
  bool located = false;                // as counted in its bundles' `unlocated`
  bool unsettled = false;              // waits for PullManager::settle()
  uint64_t extent_bytes = 0;           // 0: not known
  LocalHold hold = LocalHold::kPulls;  // while local
  PullKey pull = kNoPull;
  PerClass<uint32_t> active_bundles;

  // What it counts for in the budget, as PullBudget::update() left it.
  uint64_t charged_bytes = 0;
  std::optional<PullClass> charged_class;

  // The last node known to hold all of it, or to be able to restore it.
  SourceNode last_holder;
  bool holder_died = false;
  // It died, and nobody else has anything of it: without another holder it fails then.
  uint64_t doomed_at_ns = kForeverNs;

  // What it takes of the budget while an active bundle wants it, or its pull holds memory.
  uint64_t weight_bytes() const {
    return local && hold == LocalHold::kOthersToo ? 0 : extent_bytes;
  }
  // The most urgent class of the active bundles that want it; nothing if there is none.
  std::optional<PullClass> active_class() const {
    for (const PullClass pull_class : kAllPullClasses) {
      if (active_bundles[pull_class] > 0) return pull_class;
    }
    return std::nullopt;
  }
};

}  // namespace obj
