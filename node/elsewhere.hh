// SPDX-License-Identifier: Apache-2.0
// node/elsewhere.hh -- seam: objects of other nodes, as the local service needs them.
//
// Implemented by RemoteObjects (node/remote/) and by test fakes. A node alone has none.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/object_id.hh"
#include "base/result.hh"
#include "fabric/pull/bundle_id.hh"
#include "fabric/pull/pull_class.hh"
#include "fabric/pull/pull_failure.hh"
#include "store/admission.hh"
#include "store/object_ref.hh"

namespace obj {

// The asker's name for one question; any number.
using QuestionTag = uint64_t;

// Threads: the reactor thread.
class Elsewhere {
 public:
  virtual ~Elsewhere() = default;

  // Brings all of `ids`, duplicates allowed, into this node's memory.
  // ElsewhereNews::on_bundle_done() or on_bundle_failed() follows, once, unless unwant() comes
  // first; never from inside this call. kLimit: too much is wanted already.
  virtual Result<BundleId> want(PullClass pull_class, std::span<const ObjectId> ids,
                                uint64_t now_ns) = 0;
  // One that has ended: no effect.
  virtual void unwant(BundleId bundle) = 0;

  // What can be said of an object that is not here. kUnknown: the directory could not be asked.
  enum class Whereabouts : uint8_t { kNowhere, kSomewhere, kUnknown };
  virtual Whereabouts whereabouts(const ObjectId& id) = 0;

  // Has every node that holds a copy delete it. on_freed() follows, never from inside the call.
  virtual Result<void> free(const ObjectId& id, QuestionTag tag, uint64_t now_ns) = 0;

  // Asks `node` to prefetch the object. on_pushed() follows, never from inside the call.
  virtual Result<void> push(const ObjectId& id, uint32_t node, QuestionTag tag,
                            uint64_t now_ns) = 0;

  // The answer to a create of kPullSession that waited in the admission queue.
  virtual void on_create_outcome(const CreateOutcome& outcome, uint64_t now_ns) = 0;
};

// Told to the local service by the one who implements Elsewhere.
class ElsewhereNews {
 public:
  virtual ~ElsewhereNews() = default;

  // A copy was pulled and sealed here.
  virtual void on_pulled(const Placement& placement) = 0;
  // All are here, and stay at least until this call returns.
  virtual void on_bundle_done(BundleId bundle, uint64_t now_ns) = 0;
  virtual void on_bundle_failed(BundleId bundle, const PullFailure& failure, uint64_t now_ns) = 0;
  // Memory came back, or can be evicted now that could not before.
  virtual void on_relief() = 0;
  // How many holders were told; `why` is a sentence for an error.
  virtual void on_freed(QuestionTag tag, const Result<uint32_t>& holders,
                        const std::string& why) = 0;
  virtual void on_pushed(QuestionTag tag, const Result<void>& result, const std::string& why) = 0;
  // Another node asks this one to prefetch. False: it cannot.
  virtual bool on_push(const ObjectId& id, uint64_t now_ns) = 0;
};

}  // namespace obj
