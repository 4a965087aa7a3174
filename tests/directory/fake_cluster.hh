// SPDX-License-Identifier: Apache-2.0
// tests/directory/fake_cluster.hh -- a directory server and nodes with clients, on a fake network
// and clock.
//
// Each node has a truth of its own, what it holds, and reports it as production does. Processes can
// be killed and started again (a node with a larger incarnation and empty memory), or frozen.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "directory/directory_client.hh"
#include "directory/directory_server.hh"
#include "tests/directory/fake_network.hh"
#include "tests/directory/test_directory.hh"

namespace obj::directory {

inline std::map<NodeId, Location> by_node(const Located& located) {
  std::map<NodeId, Location> result;
  for (const Location& location : located.copies) result[location.node.node] = location;
  return result;
}

// One node's process. Objects are id_of(0) to id_of(ids - 1).
class FakeNode : public DirectoryClientOwner {
 public:
  FakeNode(FakeNetwork& network, NodeRef self, uint32_t ids, uint64_t seed, uint64_t now_ns)
      : ref(self),
        endpoint(network, "node:" + std::to_string(self.node)),
        client(endpoint, *this, options(self), seed, now_ns),
        ids_(ids) {
    endpoint.set_handler(client);
  }

  static DirectoryClientOptions options(NodeRef self) {
    DirectoryClientOptions result;
    result.link.address = "directory:1";
    result.node = TestDirectory::info(self.node, self.incarnation);
    result.pending_reports_max = 8;  // so that overflows happen
    return result;
  }

  // ---- what it holds ---------------------------------------------------------------------------
  void hold(uint64_t id, const ObjectShape& shape, CopyState state) {
    const uint64_t generation = ++generations_;
    set(held_report(id, shape, copy_of(static_cast<uint32_t>(id), generation, state)));
  }
  void put(uint64_t id, CopyState state = CopyState::kSealed) {
    const uint32_t origin = origin_of(ref, static_cast<uint32_t>(id), generations_ + 1);
    hold(id, {.data_bytes = origin % 4096, .metadata_bytes = 0, .origin = origin}, state);
  }
  void seal(uint64_t id) {
    CopyReport report = held.at(id_of(id));
    report.copy.state = CopyState::kSealed;
    set(report);
  }
  void drop(const ObjectId& id) {
    const Copy copy = held.at(id).copy;
    client.withdraw(id, copy.slot, copy.generation);
    held.erase(id);
  }
  bool holds(uint64_t id) const { return held.contains(id_of(id)); }

  // ---- questions -------------------------------------------------------------------------------
  void lookup(uint64_t id, uint64_t deadline_ns) {
    open[++last_tag_] = id_of(id);
    EXPECT_TRUE(client.lookup(id_of(id), last_tag_, deadline_ns));
  }
  void free(uint64_t id, uint64_t deadline_ns) {
    open[++last_tag_] = id_of(id);
    EXPECT_TRUE(client.free(id_of(id), last_tag_, deadline_ns));
  }
  void subscribe(uint64_t id) {
    subscribed.insert(id_of(id));
    client.subscribe(id_of(id));
  }
  void unsubscribe(uint64_t id) {
    subscribed.erase(id_of(id));
    told.erase(id_of(id));
    client.unsubscribe(id_of(id));
  }

  // ---- DirectoryClientOwner --------------------------------------------------------------------
  size_t next_of_inventory(uint64_t& cursor, std::span<CopyReport> chunk) override {
    size_t count = 0;
    for (; cursor < ids_ && count < std::min<size_t>(chunk.size(), 3); cursor++) {
      const auto own = held.find(id_of(cursor));
      if (own != held.end()) chunk[count++] = own->second;
    }
    return count;
  }
  void on_located(RequestTag tag, const Result<Located>& located) override {
    const auto asked = open.find(tag);
    ASSERT_NE(asked, open.end()) << "answered twice";
    const ObjectId id = asked->second;
    open.erase(asked);
    if (when_located) when_located(id, located);
  }
  void on_locations(const ObjectId& id, const Located& located) override {
    ASSERT_TRUE(subscribed.contains(id));
    const auto before = told.find(id);
    if (before != told.end()) {
      EXPECT_TRUE(before->second.shape != located.shape ||
                  by_node(before->second) != by_node(located))
          << "told of a change that is none";
    }
    told[id] = located;
  }
  void on_freed(RequestTag tag, const Result<uint32_t>&) override {
    EXPECT_EQ(open.erase(tag), 1u) << "answered twice";
  }
  void on_node(RequestTag, const Result<NodeAnswer>&) override {}
  void on_nodes(RequestTag, const Result<std::vector<NodeAnswer>>&) override {}
  void on_free_order(const FreeOrder& order) override {
    const auto own = held.find(order.id);
    if (own == held.end() || own->second.copy.generation != order.generation) return;
    drop(order.id);
  }
  void on_conflict(const ObjectId&) override {}

  NodeRef ref;
  std::map<ObjectId, CopyReport> held;
  std::map<RequestTag, ObjectId> open;  // questions without an answer yet
  std::set<ObjectId> subscribed;
  std::map<ObjectId, Located> told;  // by on_locations(), the last
  std::function<void(const ObjectId&, const Result<Located>&)> when_located;
  FakeEndpoint endpoint;
  DirectoryClient client;

 private:
  static CopyReport held_report(uint64_t id, const ObjectShape& shape, const Copy& copy) {
    return directory::held(id_of(id), shape, copy);
  }
  void set(const CopyReport& report) {
    held[report.id] = report;
    client.report(report.id, report.shape, report.copy);
  }

  uint32_t ids_;
  uint64_t generations_ = 0;
  RequestTag last_tag_ = 0;
};

class FakeCluster {
 public:
  FakeCluster(uint64_t seed, uint32_t node_count, uint32_t id_count)
      : network(seed), ids(id_count), random_(seed) {
    start_directory();
    for (NodeId id = 1; id <= node_count; id++) start_node(id);
  }

  void start_directory() { directory_.emplace(network, random_(), ++epoch_, now_ns); }
  void kill_directory() { directory_.reset(); }
  bool has_directory() const { return directory_.has_value(); }
  DirectoryServer& server() { return directory_->server; }
  FakeEndpoint& directory_endpoint() { return directory_->endpoint; }

  void start_node(NodeId id) {
    const NodeRef self{id, ++incarnations_[id]};
    nodes[id] = std::make_unique<FakeNode>(network, self, ids, random_(), now_ns);
  }
  void kill_node(NodeId id) { nodes.erase(id); }

  // One millisecond.
  void step() {
    now_ns += kMs;
    network.step();
    if (directory_ && !directory_->endpoint.frozen) server().step(now_ns);
    for (auto& [id, node] : nodes) {
      if (!node->endpoint.frozen) node->client.step(now_ns);
    }
  }
  // Until `done`, at most so long.
  bool run_until(uint64_t ms_max, const std::function<bool()>& done) {
    for (uint64_t ms = 0; ms < ms_max; ms++) {
      if (done()) return true;
      step();
    }
    return done();
  }
  void run_ms(uint64_t ms) {
    for (; ms > 0; ms--) step();
  }

  // Everybody is connected and has told everything, and nothing is put off.
  bool quiet() {
    if (!directory_) return false;
    const DirectoryCounts counts = server().state().counts();
    if (counts.rebuilding || counts.retired_copies > 0 || counts.nodes_alive != nodes.size()) {
      return false;
    }
    return std::ranges::all_of(nodes, [](const auto& node) {
      return node.second->client.caught_up() && node.second->open.empty();
    });
  }

  // Who truly holds `id`.
  std::map<NodeId, Location> holders(const ObjectId& id, uint32_t origin) const {
    std::map<NodeId, Location> result;
    for (const auto& [node_id, node] : nodes) {
      const auto own = node->held.find(id);
      if (own == node->held.end() || own->second.shape.origin != origin) continue;
      result[node_id] = {node->ref, own->second.copy};
    }
    return result;
  }
  bool anybody_holds(const ObjectId& id) const {
    return std::ranges::any_of(nodes,
                               [&](const auto& node) { return node.second->held.contains(id); });
  }

  FakeNetwork network;
  uint32_t ids;
  uint64_t now_ns = 0;
  std::map<NodeId, std::unique_ptr<FakeNode>> nodes;

 private:
  struct DirectoryProcess {
    DirectoryProcess(FakeNetwork& network, uint64_t seed, uint64_t epoch, uint64_t now_ns)
        : endpoint(network, "directory:1"), server(endpoint, {}, seed, epoch, now_ns) {
      endpoint.set_handler(server);
    }
    FakeEndpoint endpoint;
    DirectoryServer server;
  };

  std::mt19937_64 random_;
  uint64_t epoch_ = 0;
  std::map<NodeId, uint64_t> incarnations_;
  std::optional<DirectoryProcess> directory_;
};

}  // namespace obj::directory
