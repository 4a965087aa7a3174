// SPDX-License-Identifier: Apache-2.0
// tests/sim/sim_cluster.hh -- a whole cluster in one thread: nodes, fabric, directory, clock.
//
// Everything that happens follows from the options and the seed, so a run can be repeated. After
// each event the invariants of the nodes that it touched have been checked; the first broken one is
// kept.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fabric/pull/jitter.hh"
#include "tests/sim/event_queue.hh"
#include "tests/sim/sim_directory.hh"
#include "tests/sim/sim_fabric.hh"
#include "tests/sim/sim_node.hh"
#include "tests/sim/violation.hh"

namespace obj::sim {

struct ClusterOptions {
  uint32_t nodes = 3;
  NodeOptions node;
  FabricOptions fabric;
  DirectoryOptions directory;
  uint64_t message_ns_max = 200'000;          // between a node and the directory
  uint64_t death_noticed_ns = 1'200'000'000;  // by the directory
};

class SimCluster : public DirectoryLink {
 public:
  SimCluster(const ClusterOptions& options, uint64_t seed);

  SimNode& node(uint32_t number) { return *nodes_[number]; }
  uint32_t nodes() const { return static_cast<uint32_t>(nodes_.size()); }
  SimDirectory& directory() { return directory_; }
  SimFabric& fabric() { return fabric_; }
  EventQueue& queue() { return queue_; }
  Jitter& jitter() { return jitter_; }
  Violation& violation() { return violation_; }
  uint64_t now_ns() const { return queue_.now_ns(); }

  // ---- faults ----------------------------------------------------------------------------------
  // Memory, table and clients of the node are gone; the directory notices later.
  void kill(uint32_t number);
  // Up again with another incarnation; the directory knows by then that the old one is dead.
  void restart(uint32_t number);
  void freeze(uint32_t number, uint64_t duration_ns);
  void refuse(uint32_t number, uint64_t duration_ns);
  void set_slowness(uint32_t number, uint64_t slowness) {
    fabric_.port(number).slowness = slowness;
  }

  // ---- time ------------------------------------------------------------------------------------
  void run_for(uint64_t duration_ns);
  // Until `condition`, looked at every `look_ns`, or for `duration_ns` at most. Whether it came
  // true.
  bool run_until(const std::function<bool()>& condition, uint64_t duration_ns,
                 uint64_t look_ns = 0);

 private:
  void subscribe(uint32_t node, const ObjectId& id) override;
  void unsubscribe(uint32_t node, const ObjectId& id) override;
  void report(const ObjectId& id, const ObjectShape& shape, const Source& copy) override;
  void withdraw(const ObjectId& id, SourceNode node) override;

  void send_record(uint32_t node, const ObjectId& id, const ObjectRecord& record);
  void to_directory(uint32_t node, std::function<void()> deliver);
  void to_node(uint32_t node, std::function<void(SimNode&)> deliver);
  uint64_t arrival_ns(uint64_t& last_ns);

  const ClusterOptions options_;
  Jitter jitter_;
  Violation violation_;
  EventQueue queue_;
  SimFabric fabric_;
  SimDirectory directory_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::map<uint32_t, uint64_t> last_to_directory_ns_;
  std::map<uint32_t, uint64_t> last_to_node_ns_;
  uint64_t next_incarnation_ = 1;
};

inline ObjectId sim_id(uint32_t n) {
  ObjectId id;
  for (size_t i = 0; i < 4; i++) id.bytes[i] = static_cast<uint8_t>(n >> (8 * i));
  return id;
}

// An object of `data_bytes` and `metadata_bytes` behind them.
ObjectShape sim_shape(uint64_t data_bytes, uint32_t metadata_bytes, uint32_t origin);

}  // namespace obj::sim
