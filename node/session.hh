// SPDX-License-Identifier: Apache-2.0
// node/session.hh -- the daemon's end of one client's session segment.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mapping.hh"
#include "base/result.hh"
#include "base/spsc_ring.hh"
#include "base/unique_fd.hh"
#include "client/session/layout.hh"
#include "store/readers.hh"

namespace obj {

// Who the client is, as the kernel and its hello say.
struct Peer {
  int32_t pid;
  uint32_t uid;
  bool read_only;
  std::string name;
};

// Memory and rings of one session. It decides nothing and knows no object: it moves requests and
// completions, and shows pins and touches. All that the client can write is checked at each use.
//
// Threads: the reactor thread.
class Session {
 public:
  // Makes the segment and the two bells. kSystem or kOutOfMemory.
  // REQUIRES: layout comes from Layout::of with numbers in range.
  static Result<Session> create(SessionId id, Peer peer, const session::Layout& layout);

  SessionId id() const { return id_; }
  const Peer& peer() const { return peer_; }
  const session::Layout& layout() const { return layout_; }
  const UniqueFd& segment_file() const { return segment_file_; }
  const UniqueFd& bell_to_daemon() const { return bell_to_daemon_; }
  // The end that the client hears.
  const UniqueFd& bell_to_client() const { return bell_to_client_; }
  std::span<const std::byte> staging() const;

  // Requests that wait in the ring. kInvalid: an impossible position.
  Result<uint32_t> requests_available() const { return requests_.available(); }
  // Takes one, and marks its tag as open. kInvalid: a tag that is out of range or open already, or
  // more operations in flight than the completion ring holds.
  // REQUIRES: requests_available() said so.
  Result<session::Request> take_request();
  // Lets the client reuse the requests taken.
  void publish_requests_taken() { requests_.publish(); }

  // Writes a completion, not yet visible, and closes its tag. kInvalid: an impossible position.
  // REQUIRES: the tag is open.
  Result<void> push(const session::Completion& completion, const std::string& detail);
  // Makes completions visible, and wakes the client if it sleeps.
  void publish_completions();

  // REQUIRES: pin_cell < layout().pins_max.
  void set_pin(uint32_t pin_cell, ObjectRef ref);
  void collect_pins(std::vector<HeldPin>& pins) const;
  void collect_touches(std::vector<uint32_t>& slots);

  uint32_t open_operations() const { return open_count_; }

 private:
  Session(SessionId id, Peer peer, const session::Layout& layout, UniqueFd segment_file,
          Mapping segment, UniqueFd bell_to_daemon, UniqueFd bell_to_client,
          UniqueFd bell_to_client_rope);

  template <class T>
  T* at(uint64_t offset) const {
    return reinterpret_cast<T*>(segment_.bytes().data() + offset);
  }
  uint32_t store_detail(const std::string& text);

  // Fixed after construction.
  SessionId id_;
  Peer peer_;
  session::Layout layout_;
  UniqueFd segment_file_;
  Mapping segment_;
  UniqueFd bell_to_daemon_;
  UniqueFd bell_to_client_;
  UniqueFd bell_to_client_rope_;  // the end that we pull

  // Into the segment.
  session::SegmentHeader* header_;
  RingConsumer<session::Request> requests_;
  RingProducer<session::Completion> completions_;

  // Owned by the reactor thread.
  std::vector<bool> tag_is_open_;
  uint32_t open_count_ = 0;
  uint32_t details_written_ = 0;
  uint32_t touches_read_[session::kTouchLanes] = {};
};

}  // namespace obj
