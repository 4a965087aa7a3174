// SPDX-License-Identifier: Apache-2.0
#include "directory/directory_state.hh"

namespace obj::directory {
namespace {

// Inventories that were begun and not ended, by one life of a node. Each keeps a tenure.
constexpr size_t kEarlierTenuresMax = 8;

// kInvalid: a gap. True: new. False: it was applied before.
Result<bool> is_next(const NodeEntry& node, uint64_t sequence) {
  if (sequence <= node.applied_sequence) return false;
  if (sequence == node.applied_sequence + 1) return true;
  return std::unexpected(Error{ErrorCode::kInvalid, 0, "gap in the sequence of reports"});
}

}  // namespace

DirectoryState::DirectoryState(const DirectoryOptions& options, uint64_t seed, uint64_t now_ns,
                               DirectoryListener& listener)
    : options_(options),
      grace_until_ns_(now_ns + to_ns(options.rebuild_grace_ms)),
      listener_(listener),
      now_ns_(now_ns),
      nodes_(options.nodes_max),
      holdings_(seed, options.objects_max, options.subscriptions_per_peer_max, listener) {}

void DirectoryState::advance(uint64_t now_ns) {
  const uint64_t gap_ns = now_ns - now_ns_;
  now_ns_ = now_ns;
  // Their heartbeats wait in our own queues.
  if (gap_ns >= to_ns(options_.lease_ms) / 2) nodes_.extend_leases(gap_ns);
  expired_.clear();
  nodes_.collect_expired(now_ns, expired_);
  for (NodeEntry* node : expired_) {
    expel(*node, "lease expired");
    end_life(*node);
  }
  note_rebuilt();
}

uint32_t DirectoryState::step(uint32_t work_max) { return holdings_.sweep(work_max, rebuilding()); }

Result<Registration> DirectoryState::register_node(PeerId peer, const NodeInfo& info) {
  if (nodes_.find_by_peer(peer) != nullptr) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "registered twice"});
  }
  OBJ_TRY(NodeEntry* const node, nodes_.find_or_add(info.node.node));
  if (info.node.incarnation < node->info.node.incarnation) {
    return std::unexpected(Error{ErrorCode::kStale, 0, "older incarnation"});
  }
  expel(*node, "its node registered again");
  if (info.node.incarnation != node->info.node.incarnation) end_life(*node);
  if (node->stage == NodeStage::kDead) start_life(*node, info);
  // A free order may have been lost with the old connection; an inventory brings it up again.
  if (node->stage == NodeStage::kComplete && holdings_.tenures().freeing(node->tenure) > 0) {
    nodes_.set_stage(*node, NodeStage::kRegistered);
    node->inventory_until_ns = now_ns_ + to_ns(options_.inventory_stall_ms);
  }
  nodes_.connect(*node, peer);
  set_tenure_peer(*node);
  node->info = info;
  renew(*node);
  note_rebuilt();
  return Registration{node->applied_sequence, node->stage != NodeStage::kComplete};
}

Result<void> DirectoryState::heartbeat(PeerId peer, const NodeLoad& load) {
  OBJ_TRY(NodeEntry* const node, reporting_node(peer));
  node->load = load;
  return {};
}

Result<void> DirectoryState::begin_inventory(PeerId peer, uint64_t sequence) {
  OBJ_TRY(NodeEntry* const node, reporting_node(peer));
  OBJ_TRY(const bool is_new, is_next(*node, sequence));
  if (!is_new) return {};
  node->applied_sequence = sequence;
  if (node->tenure != kNoTenure) node->earlier.push_back(node->tenure);
  if (node->earlier.size() > kEarlierTenuresMax) {
    holdings_.retire(node->earlier.front());
    node->earlier.erase(node->earlier.begin());
  }
  node->tenure = holdings_.tenures().open(node->info.node);
  set_tenure_peer(*node);
  nodes_.set_stage(*node, NodeStage::kTakingStock);
  node->inventory_until_ns = now_ns_ + to_ns(options_.inventory_stall_ms);
  note_rebuilt();
  return {};
}

Result<void> DirectoryState::end_inventory(PeerId peer, uint64_t sequence) {
  OBJ_TRY(NodeEntry* const node, reporting_node(peer));
  OBJ_TRY(const bool is_new, is_next(*node, sequence));
  if (!is_new) return {};
  if (node->stage != NodeStage::kTakingStock) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "end of no inventory"});
  }
  node->applied_sequence = sequence;
  for (const TenureNumber tenure : node->earlier) holdings_.retire(tenure);
  node->earlier.clear();
  nodes_.set_stage(*node, NodeStage::kComplete);
  note_rebuilt();
  return {};
}

Result<size_t> DirectoryState::report(PeerId peer, uint64_t sequence,
                                      std::span<const CopyReport> reports, size_t from,
                                      uint32_t work_max, ReportOutcome& outcome) {
  OBJ_TRY(NodeEntry* const node, reporting_node(peer));
  OBJ_TRY(const bool is_new, is_next(*node, sequence));
  if (!is_new) return reports.size();
  if (node->stage == NodeStage::kRegistered) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "report before the inventory"});
  }
  const Holder holder{node->info.node.node, node->tenure, node->info.arena_bytes};
  const auto rest = reports.subspan(from);
  const size_t done =
      from + holdings_.apply(holder, rest, work_max, [&](size_t index, Holdings::Outcome result) {
        if (result == Holdings::Outcome::kRefused) outcome.refused++;
        if (result == Holdings::Outcome::kConflict) outcome.conflicts.push_back(rest[index].id);
      });
  node->inventory_until_ns = now_ns_ + to_ns(options_.inventory_stall_ms);
  if (done == reports.size()) node->applied_sequence = sequence;
  return done;
}

void DirectoryState::lookup(std::span<const ObjectId> ids, std::span<Answer> answers) {
  holdings_.lookup(ids, rebuilding() ? LookupStatus::kRetry : LookupStatus::kUnknown, answers);
}

Result<void> DirectoryState::subscribe(PeerId peer, std::span<const ObjectId> ids) {
  return holdings_.subscribe(peer, ids, rebuilding());
}

void DirectoryState::unsubscribe(PeerId peer, std::span<const ObjectId> ids) {
  holdings_.unsubscribe(peer, ids);
}

void DirectoryState::free(std::span<const ObjectId> ids, std::vector<uint32_t>& holders) {
  for (const ObjectId& id : ids) holders.push_back(holdings_.free(id));
}

NodeAnswer DirectoryState::node(NodeId id) const {
  const NodeEntry* entry = nodes_.find(id);
  if (entry != nullptr) return answer_of(*entry);
  NodeAnswer nobody;
  nobody.info.node.node = id;
  return nobody;
}

std::optional<NodeAnswer> DirectoryState::next_node(NodeId after) const {
  const NodeEntry* entry = nodes_.next(after);
  if (entry == nullptr) return std::nullopt;
  return answer_of(*entry);
}

void DirectoryState::peer_gone(PeerId peer) {
  holdings_.drop_peer(peer);
  NodeEntry* node = nodes_.find_by_peer(peer);
  if (node == nullptr) return;
  nodes_.disconnect(*node);
  set_tenure_peer(*node);
}

DirectoryCounts DirectoryState::counts() const {
  return {nodes_.alive(),
          holdings_.objects(),
          holdings_.subscriptions(),
          holdings_.tenures().retired_copies(),
          holdings_.bytes(),
          rebuilding()};
}

Result<NodeEntry*> DirectoryState::reporting_node(PeerId peer) {
  NodeEntry* node = nodes_.find_by_peer(peer);
  if (node == nullptr) {
    return std::unexpected(Error{ErrorCode::kStale, 0, "not registered on this connection"});
  }
  renew(*node);
  return node;
}

void DirectoryState::renew(NodeEntry& node) {
  node.lease_until_ns = now_ns_ + to_ns(options_.lease_ms);
}

void DirectoryState::start_life(NodeEntry& node, const NodeInfo& info) {
  node.info = info;
  node.load = {};
  node.applied_sequence = 0;
  node.inventory_until_ns = now_ns_ + to_ns(options_.inventory_stall_ms);
  nodes_.set_stage(node, NodeStage::kRegistered);
}

// Its copies vanish now. The incarnation is remembered.
void DirectoryState::end_life(NodeEntry& node) {
  for (const TenureNumber tenure : node.earlier) holdings_.retire(tenure);
  node.earlier.clear();
  if (node.tenure != kNoTenure) holdings_.retire(node.tenure);
  node.tenure = kNoTenure;
  nodes_.set_stage(node, NodeStage::kDead);
}

void DirectoryState::set_tenure_peer(NodeEntry& node) {
  if (node.tenure != kNoTenure) holdings_.tenures().set_peer(node.tenure, node.peer);
  for (const TenureNumber tenure : node.earlier) holdings_.tenures().set_peer(tenure, node.peer);
}

void DirectoryState::expel(NodeEntry& node, const char* why) {
  if (!node.peer) return;
  const PeerId peer = *node.peer;
  nodes_.disconnect(node);
  set_tenure_peer(node);
  listener_.on_expelled(peer, why);
}

void DirectoryState::note_rebuilt() {
  if (was_rebuilding_ && !rebuilding() && holdings_.snapshots_owed() > 0) holdings_.owe_no_longer();
  was_rebuilding_ = rebuilding();
}

NodeAnswer DirectoryState::answer_of(const NodeEntry& node) const {
  return {node.stage == NodeStage::kDead ? NodeStatus::kDead : NodeStatus::kAlive, node.info,
          node.load};
}

}  // namespace obj::directory
