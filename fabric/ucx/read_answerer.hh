// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/read_answerer.hh -- the owner's side: holds what others read while it is sent.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <unordered_map>

#include "fabric/read_source.hh"
#include "fabric/ucx/read_wire.hh"
#include "fabric/ucx/ucx_fabric.hh"

namespace obj::ucx {

struct AnswererLimits {
  uint32_t orders_max = 65'536;        // of one peer, not begun; one that asks for more is dropped
  uint32_t bulk_max = 64;              // of one peer, being sent
  uint64_t bulk_bytes_max = 64 << 20;  // of one peer, being sent; one read may exceed it alone
};

// A slow reader costs itself: its orders wait, and what waits is not held.
//
// Lifetime: `fabric` and `source` outlive it; on_bulk_sent() of all that is being sent lets go of
// the holds.
class ReadAnswerer {
 public:
  ReadAnswerer(UcxFabric& fabric, ReadSource& source, const AnswererLimits& limits)
      : fabric_(fabric), source_(source), limits_(limits) {}

  void on_peer_up(PeerId peer) { readers_.try_emplace(peer); }
  // What UCX still sends is let go of later, one by one.
  void on_peer_down(PeerId peer) { readers_.erase(peer); }
  void on_orders(PeerId peer, std::span<const std::byte> message);
  void on_bulk_sent(PeerId peer, uint64_t token);

  // Answers some of what waits. Returns how many.
  uint32_t work();
  // Something could be answered at once.
  bool has_work() const;

  uint64_t holds() const { return sending_.size(); }

 private:
  struct Reader {
    std::deque<OrderRecord> orders;
    uint32_t bulk_count = 0;
    uint64_t bulk_bytes = 0;
  };
  struct Sending {
    PeerId peer;
    uint32_t slot;
    uint64_t generation;
    uint32_t size_bytes;
  };
  static constexpr uint32_t kOrdersPerTurn = 256;

  bool may_begin(PeerId peer, const Reader& reader) const;
  uint32_t serve(PeerId peer, Reader& reader);
  void answer(PeerId peer, Reader& reader, const OrderRecord& order);
  void answer_read(PeerId peer, Reader& reader, const OrderRecord& order);
  void answer_check(PeerId peer, const OrderRecord& order);
  void answer_hurry(PeerId peer, Reader& reader, const OrderRecord& order);
  void send_bulk(PeerId peer, Reader& reader, const OrderRecord& order,
                 std::span<const std::byte> data);
  // Makes room in the message that is being written.
  void flush_unless_room(PeerId peer, size_t content_bytes);
  void flush(PeerId peer);

  UcxFabric& fabric_;
  ReadSource& source_;
  AnswererLimits limits_;
  std::map<PeerId, Reader> readers_;
  std::unordered_map<uint64_t, Sending> sending_;  // by token
  uint64_t last_token_ = 0;
  ReadMessageWriter answers_{ReadMessageType::kAnswers};
};

}  // namespace obj::ucx
