// SPDX-License-Identifier: Apache-2.0
// client/exchange.hh -- requests out, completions in: tags, rings and staging blocks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hh"
#include "base/spsc_ring.hh"
#include "client/doorbell.hh"
#include "client/extent_bounds.hh"
#include "client/local_reader.hh"
#include "client/operation.hh"
#include "client/session/layout.hh"

namespace obj::client {

// One session's rings, as its client sees them. It moves operations along; it waits for nothing.
//
// At most requests_max operations hold a tag: the daemon ends sessions that ask for more. An
// operation is admitted only while fewer than requests_max entries are unread, so that half of the
// request ring is left for kCancel, of which each operation has at most one. A push that finds no
// room all the same means that the daemon answers requests which it says it has not read.
//
// Lifetime: `segment`, `reader` and `control` must outlive it.
// Threads:  one at a time; but completions_waiting() and is_daemon_asleep() are for the one thread
// that
//           reads completions, without the lock that serialises the rest.
class Exchange {
 public:
  // `segment`: the session segment, as mapped; all ring positions in it are `start`: 0 when fresh.
  // REQUIRES: layout.segment_bytes long.
  Exchange(std::span<std::byte> segment, const session::Layout& layout, const ExtentBounds& bounds,
           LocalReader& reader, Doorbell doorbell, uint32_t start = 0);

  // All results that are kInvalid mean: the daemon does not keep to the protocol, and the session
  // is of no use any more.

  // Whether `count` more operations can have tags now.
  Result<bool> can_admit(uint32_t count);
  // Gives it a tag, and a staging block if it wants one and one is free. REQUIRES: can_admit().
  void admit(Operation& operation, bool wants_staging);
  // A staging block's bytes, for an admitted operation that has one.
  std::span<std::byte> staging(const Operation& operation);

  // Writes the first request of an admitted operation, not yet visible. REQUIRES: Posted.
  Result<void> push_first(const Operation& operation, uint64_t now_ns);
  // The same for a request that follows under the same tag, or that cancels it.
  Result<void> push_next(const Operation& operation, uint64_t now_ns);
  Result<void> push_cancel(const Operation& operation);
  // Makes pushed requests visible, and wakes the daemon if it sleeps.
  void publish();

  // Handles all completions that are there: appends operations that became Done or Granted to
  // `changed`; posts what follows by itself.
  Result<void> drain(uint64_t now_ns, std::vector<Operation*>& changed);
  // Whether drain() would find something, or an impossible position.
  bool completions_waiting() const;

  // Ends every operation that is Posted or Granted, as disconnected. Appends them to `changed`.
  void disconnect(std::vector<Operation*>& changed);

  // A put that was granted and that no thread waits for; null if there is none. Slow.
  Operation* find_unattended_grant() const;

  bool is_daemon_asleep() const { return doorbell_.is_daemon_asleep(); }

  // Before and after sleeping on the bell. See "Bells" in docs/session_protocol.md.
  void announce_sleep() { header_->client_sleeps.store(1, std::memory_order_seq_cst); }
  void announce_wake() { header_->client_sleeps.store(0, std::memory_order_relaxed); }

  uint32_t requests_max() const { return layout_.requests_max; }
  uint32_t free_tags() const { return static_cast<uint32_t>(free_tags_.size()); }

 private:
  Result<void> push(const session::Request& request);
  Result<void> take(const session::Completion& completion, uint64_t now_ns,
                    std::vector<Operation*>& changed);
  bool pin_is_set(const Operation& operation) const;
  void give_up_staging(Operation& operation);
  void retire(Operation& operation);
  void save_detail(Operation& operation) const;

  template <class T>
  std::span<T> part(std::span<std::byte> segment, uint64_t offset, size_t count) {
    return {reinterpret_cast<T*>(segment.data() + offset), count};
  }

  // Fixed after construction.
  session::Layout layout_;
  ExtentBounds bounds_;
  LocalReader& reader_;
  Doorbell doorbell_;

  // Into the segment.
  session::SegmentHeader* header_;
  std::span<std::byte> staging_;
  std::span<const session::DetailSlot> details_;
  RingProducer<session::Request> requests_;
  RingConsumer<session::Completion> completions_;

  std::vector<Operation*> by_tag_;  // null: free
  std::vector<uint32_t> free_tags_;
  std::vector<uint32_t> free_staging_;
  uint32_t unpushed_ = 0;  // operations that were admitted and will push_first()
  bool has_unpublished_ = false;
};

}  // namespace obj::client
