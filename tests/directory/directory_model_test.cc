// SPDX-License-Identifier: Apache-2.0
// Random commands against a simple model. After each one every answer equals the model's; after the
// put-off work every subscriber knows exactly the present state, each change that it heard was one,
// and no record is left that nobody needs.
//
// Nodes here tell the truth, which is then also what the directory must say: they put, pull, seal,
// evict, restart, die, lose their connection, take stock, and obey free orders late.
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "tests/directory/directory_model.hh"
#include "tests/directory/test_directory.hh"
#include "tests/seed.hh"

namespace obj::directory {
namespace {

constexpr uint32_t kNodes = 5;
constexpr uint32_t kIds = 6;
constexpr uint32_t kSubscribers = 3;

class RandomWalk {
 public:
  explicit RandomWalk(uint64_t seed) : random_(seed) {
    for (NodeId id = 1; id <= kNodes; id++) {
      nodes_[id].ref = {id, 1};
      connect(nodes_[id]);
    }
  }

  void step() {
    Node& node = nodes_[below32(kNodes) + 1];
    switch (below(16)) {
      case 0: subscribe(); break;
      case 1: unsubscribe(); break;
      case 2: free(); break;
      case 3: reconnect(node); break;
      case 4:
        if (below(4) == 0) restart(node);
        break;
      case 5:
        if (below(4) == 0) kill(node);
        break;
      case 6: take_stock(node); break;
      case 7: obey(node); break;
      case 8: lose_subscriber(); break;
      case 9: directory_.state.step(below32(5)); break;
      default: change(node); break;
    }
    take_events();
    check_answers();
  }

  void check_all() {
    directory_.settle();
    take_events();
    check_answers();
    uint32_t needed = 0;
    for (uint64_t id = 0; id < kIds; id++) {
      bool watched = false;
      for (auto& [peer, replicas] : replicas_) {
        const auto replica = replicas.find(id_of(id));
        if (replica == replicas.end()) continue;
        watched = true;
        replica->second.expect_equal(model_.shown(id_of(id)));
      }
      needed += watched || model_.has_copies(id_of(id));
    }
    EXPECT_EQ(directory_.state.counts().objects, needed);
    EXPECT_EQ(directory_.state.counts().retired_copies, 0u);
  }

 private:
  struct Node {
    NodeRef ref;
    PeerId peer = 0;
    uint64_t generations = 0;
    std::map<ObjectId, CopyReport> held;
    std::vector<FreeOrder> orders;
  };

  uint64_t below(uint64_t limit) { return random_() % limit; }
  ObjectId any_id() { return id_of(below(kIds)); }

  void connect(Node& node) {
    node.peer = next_peer_++;
    if (directory_.enroll(node.peer, node.ref.node, node.ref.incarnation).inventory_needed) {
      take_stock(node);
    }
  }

  void take_stock(Node& node) {
    directory_.begin_inventory(node.peer);
    if (below(4) == 0) directory_.begin_inventory(node.peer);
    for (const auto& [id, report] : node.held) send(node, report);
    if (below(8) != 0) return directory_.end_inventory(node.peer);
    // The connection is lost before the end; what was told stays, and it takes stock anew.
    reconnect(node);
  }

  void reconnect(Node& node) {
    take_events();
    node.orders.clear();  // what it was told to free and did not note is lost with the connection
    directory_.state.peer_gone(node.peer);
    connect(node);
  }

  void restart(Node& node) {
    model_.kill(node.ref.node);
    node.held.clear();
    node.orders.clear();
    node.ref.incarnation++;
    const PeerId before = node.peer;
    connect(node);
    directory_.state.peer_gone(before);
  }

  void kill(Node& node) {
    for (int tick = 0; tick < 11; tick++) {
      directory_.now_ns += 100 * kMs;
      for (auto& [id, other] : nodes_) {
        if (&other == &node) continue;
        EXPECT_TRUE(directory_.state.heartbeat(other.peer, {}));
      }
      directory_.state.advance(directory_.now_ns);
    }
    model_.kill(node.ref.node);
    check_answers();
    // It was frozen only, and comes back with all that it has.
    node.orders.clear();
    directory_.state.peer_gone(node.peer);
    connect(node);
  }

  // Reports what the node says of one object to both, state and model.
  void send(Node& node, const CopyReport& report) {
    directory_.report(node.peer, {report}, static_cast<uint32_t>(below(3) + 1));
    if (report.kind == ReportKind::kHeld)
      model_.hold(node.ref, report);
    else
      model_.remove(node.ref.node, report.id);
  }

  void change(Node& node) {
    const ObjectId id = any_id();
    const auto known = node.held.find(id);
    if (known == node.held.end()) return acquire(node, id);
    switch (below(5)) {
      case 0:  // evicted or deleted
        send(node, removed(id, known->second.copy.slot, known->second.copy.generation));
        node.held.erase(known);
        return;
      case 1: return acquire(node, id);  // another generation, the removal coalesced away
      case 2: known->second.copy.role = CopyRole::kPrimary; return send(node, known->second);
      case 3: return send(node, known->second);  // a repeat
      default: known->second.copy.state = CopyState::kSealed; return send(node, known->second);
    }
  }

  // A put, or a pull of what is shown.
  void acquire(Node& node, const ObjectId& id) {
    const uint64_t generation = ++node.generations;
    const auto slot = static_cast<uint32_t>(below(1000));
    const auto shown = model_.shown(id);
    ObjectShape shape;
    shape.origin = origin_of(node.ref, slot, generation);
    shape.data_bytes = shape.origin % 1000;
    if (!shown.empty() && below(4) != 0) shape = shown.begin()->second.shape;
    node.held[id] =
        held(id, shape,
             copy_of(slot, generation, below(2) == 0 ? CopyState::kPartial : CopyState::kSealed));
    send(node, node.held[id]);
  }

  void free() {
    const ObjectId id = any_id();
    const auto expected = model_.free(id);
    std::vector<uint32_t> counts;
    const ObjectId ids[] = {id};
    take_events();
    directory_.state.free(ids, counts);
    EXPECT_EQ(counts.at(0), expected.size());
    std::set<NodeId> told;
    for (const auto& [peer, order] : directory_.take_orders()) {
      Node& node = node_of(peer);
      EXPECT_EQ(order.id, id);
      EXPECT_TRUE(told.insert(node.ref.node).second);
      node.orders.push_back(order);
    }
    EXPECT_EQ(told, expected);
  }

  void obey(Node& node) {
    for (const FreeOrder& order : std::exchange(node.orders, {})) {
      const auto known = node.held.find(order.id);
      if (known == node.held.end() || known->second.copy.generation != order.generation) continue;
      send(node, removed(order.id, order.slot, order.generation));
      node.held.erase(known);
    }
  }

  void subscribe() {
    auto& replicas = replicas_[subscriber()];
    const ObjectId ids[] = {any_id()};
    // A second time would repeat the snapshot, on purpose.
    if (replicas.contains(ids[0])) return;
    replicas[ids[0]];
    EXPECT_TRUE(directory_.state.subscribe(subscriber_, ids));
  }
  void unsubscribe() {
    take_events();
    const ObjectId ids[] = {any_id()};
    replicas_[subscriber()].erase(ids[0]);
    directory_.state.unsubscribe(subscriber_, ids);
  }
  void lose_subscriber() {
    if (below(8) != 0) return;
    take_events();
    replicas_.erase(subscriber());
    directory_.state.peer_gone(subscriber_);
    subscriber_base_ += kSubscribers;
  }
  PeerId subscriber() { return subscriber_ = subscriber_base_ + below32(kSubscribers); }
  uint32_t below32(uint32_t limit) { return static_cast<uint32_t>(below(limit)); }

  void take_events() {
    for (const auto& [peer, change] : directory_.take_told()) {
      const auto replicas = replicas_.find(peer);
      if (replicas == replicas_.end()) continue;  // of a lost base; checked by its absence
      ASSERT_TRUE(replicas->second.contains(change.id)) << "told without subscription";
      replicas->second[change.id].apply(change);
    }
    for (const auto& [peer, order] : directory_.take_orders()) {
      node_of(peer).orders.push_back(order);
    }
  }

  Node& node_of(PeerId peer) {
    for (auto& [id, node] : nodes_) {
      if (node.peer == peer) return node;
    }
    ADD_FAILURE() << "an order for nobody";
    return nodes_[1];
  }

  void check_answers() {
    for (uint64_t id = 0; id < kIds; id++) {
      const Answer answer = directory_.lookup(id);
      const auto expected = model_.shown(id_of(id));
      ASSERT_EQ(answer.copies_known, expected.size()) << "id " << id;
      if (expected.empty()) continue;
      EXPECT_EQ(answer.shape, expected.begin()->second.shape);
      for (const Location& location : answer.shown()) {
        const auto entry = expected.find(location.node.node);
        ASSERT_NE(entry, expected.end());
        EXPECT_EQ(location, (Location{entry->second.node, entry->second.copy}));
      }
    }
  }

  std::mt19937_64 random_;
  TestDirectory directory_;
  DirectoryModel model_;
  std::map<NodeId, Node> nodes_;
  PeerId next_peer_ = 1;
  std::map<PeerId, std::map<ObjectId, Replica>> replicas_;
  PeerId subscriber_ = 0;
  PeerId subscriber_base_ = 1'000'000;
};

TEST(DirectoryModel, equals_the_state_after_any_commands) {
  std::mt19937_64 seeds(test_seed());
  for (int walk = 0; walk < 100 && !testing::Test::HasFailure(); walk++) {
    const uint64_t seed = seeds();
    SCOPED_TRACE("walk seed " + std::to_string(seed));
    RandomWalk random_walk(seed);
    for (int step = 0; step < 400 && !testing::Test::HasFailure(); step++) {
      random_walk.step();
      if (step % 20 == 0) random_walk.check_all();
    }
    random_walk.check_all();
  }
}

}  // namespace
}  // namespace obj::directory
