// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_action.hh -- what the pull manager asks its driver to do.
#pragma once

#include <cstdint>
#include <variant>

#include "base/object_id.hh"
#include "fabric/pull/bundle_id.hh"
#include "fabric/pull/pull_class.hh"
#include "fabric/pull/pull_failure.hh"
#include "fabric/pull/source.hh"

namespace obj {

// One running pull, {slot, generation}: a key of a pull that is gone names nothing.
using PullKey = uint32_t;
inline constexpr PullKey kNoPull = UINT32_MAX;

// One posted read or check. 64 bits, so that it fits wr_id and user_data.
struct ReadTicket {
  PullKey pull;
  uint32_t part;

  friend bool operator==(const ReadTicket&, const ReadTicket&) = default;
};

namespace pull_action {

// Report what is known of the object, here (on_local) and elsewhere (on_located), now and whenever
// it changes, until Unsubscribe.
struct Subscribe {
  ObjectId id;
};
struct Unsubscribe {
  ObjectId id;
};

// Keep the sealed object in memory. If it is gone already: on_local_gone().
struct Pin {
  ObjectId id;
};
struct Unpin {
  ObjectId id;
};

// Get an extent of shape.extent_bytes; answer with on_granted() or on_refused(), now or later.
struct Reserve {
  PullKey pull;
  ObjectId id;
  ObjectShape shape;
};
// Make the object that the pull filled visible; answer with on_local() or on_seal_failed().
struct Seal {
  PullKey pull;
  ObjectId id;
};
// The extent goes back, or the request for it is withdrawn; after that no answer to it may come.
struct Release {
  PullKey pull;
  ObjectId id;
};
// The first ready_bytes of the unsealed copy may be read by other nodes.
struct ShowReady {
  PullKey pull;
  ObjectId id;
  uint64_t ready_bytes;
};

// Read from the source's arena into ours; answer with on_read_done(), exactly once, later. Until
// then the destination belongs to the read.
struct PostRead {
  ReadTicket ticket;
  ObjectId id;
  Source source;
  PullClass pull_class;
  uint64_t
      object_offset;  // of the first byte in the object: at source.offset + object_offset there
  uint64_t destination_offset;  // in our arena
  uint32_t size_bytes;
};
// Read the source's slot, source.slot; answer with on_check_done(), exactly once, later.
struct PostCheck {
  ReadTicket ticket;
  ObjectId id;
  Source source;
};
// The source is too slow: see to it that this completion comes soon, in error if need be.
struct HurryPart {
  ReadTicket ticket;
  SourceNode node;
};

// Ask the node to bring the object back from its spill.
struct AskRestore {
  ObjectId id;
  SourceNode node;
};
// The directory named a copy that is not there (any more).
struct ReportStale {
  ObjectId id;
  Source source;
};

// All objects are here. Hand out pins now: carrying out the actions after this one may evict them.
struct BundleDone {
  BundleId bundle;
};
struct BundleFailed {
  BundleId bundle;
  PullFailure failure;
};

}  // namespace pull_action

using PullAction =
    std::variant<pull_action::Subscribe, pull_action::Unsubscribe, pull_action::Pin,
                 pull_action::Unpin, pull_action::Reserve, pull_action::Seal, pull_action::Release,
                 pull_action::ShowReady, pull_action::PostRead, pull_action::PostCheck,
                 pull_action::HurryPart, pull_action::AskRestore, pull_action::ReportStale,
                 pull_action::BundleDone, pull_action::BundleFailed>;

}  // namespace obj
