// SPDX-License-Identifier: Apache-2.0
// tests/sim/sim_fabric.hh -- fake of the read seam: bytes move from arena to arena, in pieces.
//
// A read copies its bytes in several pieces at different instants, each from what the source's
// memory holds in that instant, so a source that reuses the memory meanwhile hands over a mixture
// without any error. Completions of reads that were posted together come in any order.
//
// Faults: errors with some of the bytes written; silence of a dead or frozen source, until its
// death is noticed or the read is hurried; sources that are slow, or refuse everything for a while.
// Each posted part gets exactly one completion, unless the reader itself dies.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "fabric/pull/jitter.hh"
#include "fabric/pull/pull.hh"
#include "fabric/pull/pull_action.hh"
#include "tests/sim/event_queue.hh"
#include "tests/sim/sim_store.hh"
#include "tests/sim/violation.hh"

namespace obj::sim {

struct FabricOptions {
  uint64_t latency_ns_max = 50'000;
  uint64_t bytes_per_s = 1'000'000'000;  // of each source
  uint32_t error_one_in = 0;             // reads and checks that fail; 0: none
  // Until a dead source's silence turns into an error at its readers.
  uint64_t silence_noticed_ns = 1'000'000'000;
  // The owner holds the object fast while it sends, and says so: ReadProof::kSameGeneration.
  bool owner_proves = false;
};

class SimFabric {
 public:
  // One end of the network. Outlives the fabric's events; `store` is null while the node is down.
  struct Port {
    SourceNode self;
    SimStore* store = nullptr;
    uint64_t frozen_until_ns = 0;
    uint64_t refuses_until_ns = 0;
    uint64_t slowness = 1;  // divides the speed
    uint64_t busy_until_ns = 0;
    uint64_t died_at_ns = 0;
    std::function<void(ReadTicket, const Result<ReadProof>&)> on_read_done;
    std::function<void(ReadTicket, const Result<SlotSighting>&)> on_check_done;
  };

  SimFabric(EventQueue& queue, const FabricOptions& options, uint64_t seed, Violation& violation)
      : queue_(queue), options_(options), jitter_(seed), violation_(violation) {}

  Port& port(uint32_t node);
  void post(uint32_t reader, const pull_action::PostRead& read);
  void post(uint32_t reader, const pull_action::PostCheck& check);
  void hurry(uint32_t reader, ReadTicket ticket);

  // The reader frees this memory: no read may still write to it.
  void on_memory_freed(uint32_t reader, uint64_t offset, uint64_t size_bytes);
  // The node's posted parts are forgotten, their completions will not be reported.
  void on_reader_died(uint32_t reader);
  void set_options(const FabricOptions& options) { options_ = options; }

  uint64_t reads_posted() const { return reads_posted_; }
  uint64_t bytes_read_from(uint32_t node) const;

 private:
  struct Part {
    uint64_t serial = 0;  // tells it from an earlier one with the same ticket, of an earlier life
    uint32_t reader;
    ReadTicket ticket;
    ObjectId id;
    Source source;
    bool is_check = false;
    uint64_t source_offset = 0;
    uint64_t destination_offset = 0;
    uint64_t size_bytes = 0;
    bool fails = false;
    uint32_t pieces_left = 0;
    uint64_t pieces_done_bytes = 0;
    SlotSighting seen{};  // of a check: the look and its completion are two instants
  };
  using PartKey = std::pair<uint32_t, uint64_t>;  // reader, ticket

  static PartKey key_of(const Part& part);
  void start(Part part);
  void step_at(uint64_t at_ns, const Part& part);
  void step(PartKey key, uint64_t serial);
  void move_piece(Part& part);
  void complete(PartKey key, const std::optional<Error>& error);
  bool is_up(const Source& source);

  EventQueue& queue_;
  FabricOptions options_;
  Jitter jitter_;
  Violation& violation_;
  std::map<uint32_t, std::unique_ptr<Port>> ports_;
  std::map<PartKey, Part> parts_;
  std::map<uint32_t, uint64_t> bytes_read_from_;
  uint64_t reads_posted_ = 0;
  uint64_t next_serial_ = 1;
};

}  // namespace obj::sim
