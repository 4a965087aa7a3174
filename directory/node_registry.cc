// SPDX-License-Identifier: Apache-2.0
#include "directory/node_registry.hh"

#include "base/check.hh"

namespace obj::directory {
namespace {

bool is_alive(NodeStage stage) { return stage != NodeStage::kDead; }
bool is_incomplete(NodeStage stage) {
  return stage == NodeStage::kRegistered || stage == NodeStage::kTakingStock;
}

}  // namespace

NodeEntry* NodeRegistry::find(NodeId id) {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

const NodeEntry* NodeRegistry::find(NodeId id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

NodeEntry* NodeRegistry::find_by_peer(PeerId peer) {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? nullptr : found->second;
}

Result<NodeEntry*> NodeRegistry::find_or_add(NodeId id) {
  if (NodeEntry* known = find(id)) return known;
  if (nodes_.size() >= nodes_max_ && !forget_longest_dead()) {
    return std::unexpected(Error{ErrorCode::kLimit, 0, "nodes"});
  }
  return &nodes_[id];
}

const NodeEntry* NodeRegistry::next(NodeId after) const {
  const auto found = nodes_.upper_bound(after);
  return found == nodes_.end() ? nullptr : &found->second;
}

void NodeRegistry::connect(NodeEntry& node, PeerId peer) {
  OBJ_CHECK(!node.peer);
  OBJ_CHECK(by_peer_.try_emplace(peer, &node).second);
  node.peer = peer;
}

void NodeRegistry::disconnect(NodeEntry& node) {
  if (!node.peer) return;
  by_peer_.erase(*node.peer);
  node.peer.reset();
}

void NodeRegistry::set_stage(NodeEntry& node, NodeStage stage) {
  alive_ += is_alive(stage);
  alive_ -= is_alive(node.stage);
  incomplete_ += is_incomplete(stage);
  incomplete_ -= is_incomplete(node.stage);
  node.stage = stage;
}

void NodeRegistry::collect_expired(uint64_t now_ns, std::vector<NodeEntry*>& expired) {
  for (auto& [id, node] : nodes_) {
    const bool silent = is_alive(node.stage) && now_ns >= node.lease_until_ns;
    const bool stalled = is_incomplete(node.stage) && now_ns >= node.inventory_until_ns;
    if (silent || stalled) expired.push_back(&node);
  }
}

void NodeRegistry::extend_leases(uint64_t by_ns) {
  for (auto& [id, node] : nodes_) {
    if (!is_alive(node.stage)) continue;
    node.lease_until_ns += by_ns;
    node.inventory_until_ns += by_ns;
  }
}

bool NodeRegistry::forget_longest_dead() {
  auto longest = nodes_.end();
  for (auto node = nodes_.begin(); node != nodes_.end(); ++node) {
    if (is_alive(node->second.stage)) continue;
    if (longest == nodes_.end() || node->second.lease_until_ns < longest->second.lease_until_ns) {
      longest = node;
    }
  }
  if (longest == nodes_.end()) return false;
  OBJ_CHECK(!longest->second.peer);
  nodes_.erase(longest);
  return true;
}

}  // namespace obj::directory
