// SPDX-License-Identifier: Apache-2.0
// node/data_plane.hh -- what this node reads from others over: RDMA verbs, UCX, or each where it
// works.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/reactor.hh"
#include "base/result.hh"
#include "fabric/read_source.hh"
#include "fabric/read_transport.hh"
#include "fabric/ucx/ucx_fabric.hh"
#include "node/config.hh"
#include "store/object_table.hh"

namespace obj {

// The parts that it works on.
struct DataPlaneParts {
  UcxFabric& fabric;
  ReadSource& source;
  ReadCompletions& completions;
  std::span<std::byte> arena;
  const ObjectTable& table;
};

// What reads of one node go over, for people.
struct ReadPath {
  SourceNode node;
  std::string transport;  // "verbs", "ucx", "connecting" or "none"
  std::string text;       // over which ports; why not over verbs
};

// Threads:  the reactor thread.
// Lifetime: all parts and the reactor outlive it; but the fabric is destroyed first, as it calls
//           this.
class DataPlane {
 public:
  // Registers the memory with RDMA devices where the transport is to use them. Transport::kVerbs
  // without a usable port is a failure; Transport::kAuto then reads over UCX, and says so in the
  // log. On failure: a sentence with cause and mend.
  static std::expected<std::unique_ptr<DataPlane>, std::string> create(const ClusterConfig& config,
                                                                       const DataPlaneParts& parts,
                                                                       uint64_t seed);
  ~DataPlane();

  // After the fabric.
  Result<void> add_to(Reactor& reactor);
  ReadTransport& transport();
  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;

  // "verbs over rxe0:1 RoCEv2 IPv4 10.99.0.1", "ucx".
  std::string text() const;
  // Of the nodes that were read from. Empty over UCX alone.
  std::vector<ReadPath> paths() const;

 private:
  class Impl;
  explicit DataPlane(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace obj
