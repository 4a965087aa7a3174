// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/read_asker.hh -- the reader's side: orders in batches, each completed exactly once.
//
// A link to a node:    connect(), or a post after retry_at        the right node is up
//                Down -----------------------------------> Dialling --------------> Up
//                 ^   '--------- down: all that is outstanding completes ---------' |
//                 '-----------------------------------------------------------------'
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "fabric/pull/backoff.hh"
#include "fabric/pull/jitter.hh"
#include "fabric/read_transport.hh"
#include "fabric/ucx/pending_reads.hh"
#include "fabric/ucx/read_wire.hh"
#include "fabric/ucx/ucx_fabric.hh"

namespace obj::ucx {

struct AskerLimits {
  uint32_t redial_least_ms = 50;
  uint32_t redial_most_ms = 2000;
  uint32_t hurry_ms = 1000;  // until a hurried read costs the connection
};

// Lifetime: `fabric` and `completions` outlive it.
class ReadAsker final : public ReadTransport {
 public:
  ReadAsker(UcxFabric& fabric, ReadCompletions& completions, const AskerLimits& limits,
            uint64_t seed)
      : fabric_(fabric), completions_(completions), limits_(limits), jitter_(seed) {}

  // ReadTransport.
  void connect(SourceNode node, const std::string& address) override;
  void forget(SourceNode node) override;
  void post_read(const ReadOrder& order) override;
  void post_check(const CheckOrder& order) override;
  void hurry(ReadCookie cookie) override;

  // Events of connections that we dialled.
  void on_peer_up(PeerId peer);
  void on_answers(PeerId peer, std::span<const std::byte> message);
  void on_peer_down(PeerId peer, const Error& why);
  std::span<std::byte> on_bulk_offered(PeerId peer, uint32_t number, size_t size_bytes);
  void on_bulk_received(PeerId peer, uint32_t number, bool is_filled);

  // Sends what was posted, tells what completed meanwhile. Returns how much.
  uint32_t work();
  bool has_work() const;
  // Redials, and what was hurried in vain.
  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;

 private:
  struct Hurried {
    uint32_t number;
    uint64_t until_ns;  // 0: from the next step on
  };
  struct Link {
    enum class State : uint8_t { kDown, kDialling, kUp };

    SourceNode node;
    std::string address;
    State state = State::kDown;
    PeerId peer = 0;  // unless down
    PendingReads pending{};
    std::vector<OrderRecord> unsent{};  // some may be complete already
    std::vector<Hurried> hurried{};
    Backoff backoff;
    uint64_t retry_at_ns = 0;
    bool is_forgotten = false;
  };
  struct Place {
    Link* link;
    uint32_t number;
  };
  // A completion of a post that could not be accepted, told later.
  struct Early {
    ReadCookie cookie;
    bool is_check;
    Error why;
  };

  void post(const RemoteCopy& copy, const PendingRead& read, uint64_t object_offset);
  void dial(Link& link);
  void go_down(Link& link, const Error& why);
  void break_off(Link& link, const Error& why);
  Link* link_of(PeerId peer);
  bool accept(Link& link, const Answer& answer);
  void complete(Link& link, uint32_t number, const Answer& answer);
  void fail(const PendingRead& read, const Error& why);
  uint32_t flush(Link& link);
  bool may_flush(const Link& link) const;
  void check_hurried(Link& link);
  void drop_forgotten();

  UcxFabric& fabric_;
  ReadCompletions& completions_;
  AskerLimits limits_;
  Jitter jitter_;
  uint64_t now_ns_ = 0;  // of the last step

  std::map<SourceNode, Link> links_;
  std::unordered_map<PeerId, Link*> links_by_peer_;
  std::unordered_map<ReadCookie, Place> places_;  // of what is in some link's pending
  // Their connection is down, but UCX still has their destination.
  std::map<std::pair<PeerId, uint32_t>, PendingRead> orphans_;
  std::vector<Early> early_;
  ReadMessageWriter orders_{ReadMessageType::kOrders};
};

}  // namespace obj::ucx
