// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/read_owner.hh -- the owner's side: queue pairs through which others read this node.
//
// After an offer is answered the processor has no part in the reads any more. A queue pair lives
// until its reader offers another in its place, or is down.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fabric/message_transport.hh"
#include "fabric/verbs/exchange_wire.hh"
#include "fabric/verbs/rails.hh"
#include "fabric/verbs/shared_table.hh"

namespace obj::verbs {

struct OwnerLimits {
  // Offers of one reader: each costs us system calls. A reader's own backoff stays far below.
  uint32_t offers_burst = 64;
  uint32_t offers_per_s = 32;
};

// Threads:  the reactor thread.
// Lifetime: everything passed to the constructor outlives it.
class ReadOwner {
 public:
  ReadOwner(MessageTransport& messages, Rails& rails, const SharedTable& table,
            const OwnerLimits& limits)
      : messages_(messages), rails_(rails), table_(table), limits_(limits) {}

  void on_peer_up(PeerId peer) { readers_[peer].tokens = limits_.offers_burst; }
  void on_peer_down(PeerId peer) { readers_.erase(peer); }
  void on_offer(PeerId peer, const Offer& offer, uint64_t now_ns);
  // The adapter of this rail is lost: lets go of its queues.
  void on_rail_lost(uint8_t rail);

  size_t readers() const { return readers_.size(); }
  size_t queues() const;

 private:
  struct Serving {
    uint8_t rail = 0;
    std::unique_ptr<ServingQueue> queue{};
  };
  struct Reader {
    std::array<Serving, kLanesMax> lanes{};
    uint32_t tokens = 0;
    uint64_t refilled_ns = 0;
  };

  bool may_offer(Reader& reader, uint64_t now_ns);
  AnsweredLane connect(Reader& reader, const OfferedLane& lane,
                       std::span<const std::optional<uint8_t>> memory_of_rail);

  MessageTransport& messages_;
  Rails& rails_;
  const SharedTable& table_;
  OwnerLimits limits_;
  std::map<PeerId, Reader> readers_;
};

}  // namespace obj::verbs
