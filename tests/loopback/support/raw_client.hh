// SPDX-License-Identifier: Apache-2.0
// tests/loopback/support/raw_client.hh -- a client that speaks the protocol by hand, rightly or
// not.
//
// It uses no libobj, so that a test can write whatever it likes into the segment and the socket.
// The rules it may break are in docs/session_protocol.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mapping.hh"
#include "base/object_id.hh"
#include "base/unique_fd.hh"
#include "client/session/hello.hh"
#include "client/session/layout.hh"
#include "store/shared/table_view.hh"

namespace obj {

class RawClient {
 public:
  struct Options {
    bool read_only = false;
    uint32_t requests_max = 16;
    uint32_t pins_max = 64;
  };

  // A session, or a failure of the test.
  explicit RawClient(const std::string& socket) : RawClient(socket, Options{}) {}
  RawClient(const std::string& socket, const Options& options);

  static session::Hello hello(const Options& options);

  const session::Welcome& welcome() const { return welcome_; }
  const session::Layout& layout() const { return layout_; }
  int socket() const { return socket_.get(); }
  int fd(session::WelcomeFd which) const { return fds_[which].get(); }

  // The parts of the segment.
  std::span<std::byte> segment() const { return segment_.bytes(); }
  session::SegmentHeader& header() const { return *at<session::SegmentHeader>(0); }
  std::span<session::Request> requests() const {
    return {at<session::Request>(layout_.requests_offset), layout_.request_slots};
  }
  std::span<const session::Completion> completions() const {
    return {at<session::Completion>(layout_.completions_offset), layout_.requests_max};
  }
  std::span<PinCell> pins() const { return {at<PinCell>(layout_.pins_offset), layout_.pins_max}; }
  std::span<std::byte> staging() const {
    return segment().subspan(layout_.staging_offset,
                             uint64_t{layout_.staging_blocks} * session::kStagingBlockBytes);
  }
  std::span<session::TouchLane> touch_lanes() const {
    return {at<session::TouchLane>(layout_.touches_offset), session::kTouchLanes};
  }
  TableView table() const;

  // Writes requests and shows them, and wakes the daemon.
  void post(const session::Request& request) { post(std::span(&request, 1)); }
  void post(std::span<const session::Request> requests);
  void ring() const;

  // The next completion, taken from the ring; nothing if the session ended first.
  std::optional<session::Completion> next_completion();
  // Posts one request and takes its answer. Nothing if the session ended.
  std::optional<session::Outcome> ask(const session::Request& request);

  // Whether the daemon has ended the session by now, or does so soon.
  bool is_ended() const;
  bool wait_for_end() const;

 private:
  template <class T>
  T* at(uint64_t offset) const {
    return reinterpret_cast<T*>(segment_.bytes().data() + offset);
  }

  UniqueFd socket_;
  session::Welcome welcome_{};
  session::Layout layout_{};
  std::vector<UniqueFd> fds_;
  Mapping segment_;
  Mapping control_;
  uint32_t posted_ = 0;
  uint32_t taken_ = 0;
};

// One packet with descriptors. False: the peer is gone, or does not read.
bool send_with_fds(int socket, std::span<const std::byte> bytes, std::span<const int> fds);

// The parts of a request, by name.
session::Request request_of(session::RequestOp op, uint32_t tag, const ObjectId& id = {});
session::Request create_request(uint32_t tag, const ObjectId& id, uint64_t data_bytes,
                                uint32_t metadata_bytes = 0, int32_t timeout_ms = 0);
session::Request put_request(uint32_t tag, const ObjectId& id, uint64_t data_bytes,
                             uint32_t metadata_bytes = 0, uint32_t staging_block = 0);
session::Request get_request(uint32_t tag, const ObjectId& id, uint32_t pin_cell,
                             int32_t timeout_ms = 0);
// kSeal or kAbort.
session::Request object_request(session::RequestOp op, uint32_t tag, uint32_t slot,
                                uint64_t generation);

}  // namespace obj
