// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/ucx_reads.hh -- reads of other nodes' objects over UCX, and the answers to theirs.
#pragma once

#include <cstdint>

#include "base/event_source.hh"
#include "fabric/read_source.hh"
#include "fabric/read_transport.hh"
#include "fabric/ucx/bulk.hh"
#include "fabric/ucx/read_answerer.hh"
#include "fabric/ucx/read_asker.hh"
#include "fabric/ucx/ucx_fabric.hh"

namespace obj {

struct UcxReadsOptions {
  ucx::AskerLimits asker{};
  ucx::AnswererLimits answerer{};
  uint64_t seed = 1;  // of the redials' jitter
};

// The data plane for machines without RDMA: the owner's process answers. A read that completed was
// sent while the owner held the copy, so it proves ReadProof::kSameGeneration.
//
// What is posted between two progress() goes in one message to each node.
//
// Threads:  the fabric's.
// Lifetime: `fabric`, `source` and `completions` outlive it. Destroyed after the fabric's last
//           progress(): what is in flight is neither completed nor let go of then, so a node first
//           hurries its reads, waits, and stops.
// Reactor:  add it after the fabric, and call step() for both.
class UcxReads final : public EventSource, MessageHandler, ucx::BulkHandler {
 public:
  UcxReads(UcxFabric& fabric, ReadSource& source, ReadCompletions& completions,
           const UcxReadsOptions& options = {});

  ReadTransport& transport() { return asker_; }

  void step(uint64_t now_ns) { asker_.step(now_ns); }
  uint64_t next_step_ns() const { return asker_.next_step_ns(); }
  // Copies of this node that UCX is sending now.
  uint64_t holds() const { return answerer_.holds(); }

  // EventSource. Its doorbell is the fabric's.
  int fd() const override { return -1; }
  uint32_t progress(uint32_t) override { return answerer_.work() + asker_.work(); }
  [[nodiscard]] bool arm() override { return !answerer_.has_work() && !asker_.has_work(); }

 private:
  // MessageHandler and ucx::BulkHandler: what we dialled is the asker's.
  void on_peer_up(PeerId peer, bool is_ours) override;
  void on_message(PeerId peer, std::span<const std::byte> message) override;
  void on_peer_down(PeerId peer, const Error& why) override;
  std::span<std::byte> on_bulk_offered(PeerId peer, uint32_t number, size_t size_bytes) override {
    return asker_.on_bulk_offered(peer, number, size_bytes);
  }
  void on_bulk_received(PeerId peer, uint32_t number, bool is_filled) override {
    asker_.on_bulk_received(peer, number, is_filled);
  }
  void on_bulk_sent(PeerId peer, uint64_t token) override { answerer_.on_bulk_sent(peer, token); }

  ucx::ReadAsker asker_;
  ucx::ReadAnswerer answerer_;
};

}  // namespace obj
