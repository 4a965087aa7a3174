// SPDX-License-Identifier: Apache-2.0
// directory/node_registry.hh -- which nodes there are, alive until when, and what each has told.
//
//                  enroll                  begin_inventory             end_inventory
//    (unknown) -------------> Registered ------------------> TakingStock -----------> Complete
//                  ^   ^          ^                               ^                      |
//          enroll  |   |          | enroll, frees are owed        |   begin_inventory    |
//                Dead  '----------+-------------------------------'----------------------'
//                  ^
//                  '--- lease expired, from any state
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.hh"
#include "directory/location.hh"
#include "directory/object_record.hh"
#include "fabric/message_transport.hh"

namespace obj::directory {

enum class NodeStage : uint8_t { kDead, kRegistered, kTakingStock, kComplete };

struct NodeEntry {
  NodeInfo info;
  NodeLoad load;
  NodeStage stage = NodeStage::kDead;
  std::optional<PeerId> peer;         // its connection, while there is one
  uint64_t lease_until_ns = 0;        // of a node that is not dead
  uint64_t inventory_until_ns = 0;    // while registered or taking stock
  uint64_t applied_sequence = 0;      // of its reports
  TenureNumber tenure = kNoTenure;    // of its copies
  std::vector<TenureNumber> earlier;  // live as well, until its inventory has ended
};

// Records only: what follows from a death or a second connection is decided above.
//
// Threads: the reactor thread.
// Limits:  nodes_max. Dead ones are kept, so that an older incarnation is known as such, until
// their
//          place is needed: then the longest dead one goes.
class NodeRegistry {
 public:
  explicit NodeRegistry(uint32_t nodes_max) : nodes_max_(nodes_max) {}

  NodeEntry* find(NodeId id);
  const NodeEntry* find(NodeId id) const;
  NodeEntry* find_by_peer(PeerId peer);
  // A dead entry if it is new. kLimit: nodes_max are alive.
  Result<NodeEntry*> find_or_add(NodeId id);
  // The first one with a larger id.
  const NodeEntry* next(NodeId after) const;

  // REQUIRES: the peer has no node, and the node no peer.
  void connect(NodeEntry& node, PeerId peer);
  void disconnect(NodeEntry& node);
  void set_stage(NodeEntry& node, NodeStage stage);

  // Alive nodes that may hold copies that we have not heard of.
  uint32_t incomplete() const { return incomplete_; }
  uint32_t alive() const { return alive_; }

  // Appends the nodes whose lease or inventory is past its time.
  void collect_expired(uint64_t now_ns, std::vector<NodeEntry*>& expired);
  void extend_leases(uint64_t by_ns);

 private:
  bool forget_longest_dead();

  uint32_t nodes_max_;
  std::map<NodeId, NodeEntry> nodes_;  // ordered, to be listed page by page
  std::unordered_map<PeerId, NodeEntry*> by_peer_;
  uint32_t alive_ = 0;
  uint32_t incomplete_ = 0;
};

}  // namespace obj::directory
