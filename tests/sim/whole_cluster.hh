// SPDX-License-Identifier: Apache-2.0
// tests/sim/whole_cluster.hh -- a directory and some whole nodes, in one thread, step by step.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "directory/directory_server.hh"
#include "tests/sim/whole_node.hh"

namespace obj::sim {

// The content of an object: a function of its id, its size and whose put it was.
inline std::vector<std::byte> whole_content(uint32_t id, size_t bytes, uint32_t version = 0) {
  std::vector<std::byte> content(bytes);
  uint64_t state = (uint64_t{id} << 32 | version) * 0x9e3779b97f4a7c15 + 1;
  for (std::byte& byte : content) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<std::byte>(state >> 56);
  }
  return content;
}

inline ObjectId whole_id(uint32_t n) {
  ObjectId id;
  std::memcpy(id.bytes.data(), &n, sizeof n);
  return id;
}

class WholeCluster {
 public:
  explicit WholeCluster(uint64_t seed = 1) : network(seed), fabric(seed + 1), seed_(seed) {
    start_directory();
  }

  WholeNode& start_node(uint32_t number, const WholeNodeOptions& options = {}) {
    auto& node = nodes_[number];
    node.reset();
    node = std::make_unique<WholeNode>(network, fabric, SourceNode{number, ++incarnations_},
                                       options, seed_ + number, now_ns_);
    return *node;
  }
  void kill_node(uint32_t number) { nodes_.erase(number); }
  WholeNode& node(uint32_t number) { return *nodes_.at(number); }
  bool has(uint32_t number) const { return nodes_.contains(number); }

  void start_directory() {
    directory_endpoint_ = std::make_unique<directory::FakeEndpoint>(network, WholeNode::kDirectory);
    server_ = std::make_unique<directory::DirectoryServer>(
        *directory_endpoint_, directory::DirectoryOptions{}, seed_, ++incarnations_, now_ns_);
    directory_endpoint_->set_handler(*server_);
  }
  void kill_directory() {
    directory_endpoint_.reset();
    server_.reset();
  }

  void step() {
    now_ns_ += step_ns;
    network.step();
    if (server_) server_->step(now_ns_);
    for (auto& [number, node] : nodes_) node->step(now_ns_);
  }
  // False: the time was over first.
  bool run_until(const std::function<bool()>& done, uint64_t limit_ms = 60'000) {
    const uint64_t until_ns = now_ns_ + limit_ms * 1'000'000;
    while (now_ns_ < until_ns) {
      if (done()) return true;
      step();
    }
    return done();
  }
  void run_ms(uint64_t ms) {
    run_until([] { return false; }, ms);
  }
  // Until all nodes are registered and the directory knows all they hold.
  bool settle() {
    return run_until([this] {
      for (auto& [number, node] : nodes_) {
        if (!node->objects.directory().caught_up()) return false;
      }
      return true;
    });
  }
  uint64_t now_ns() const { return now_ns_; }

  uint64_t step_ns = 100'000;
  directory::FakeNetwork network;
  FakeFabric fabric;

 private:
  uint64_t seed_;
  uint64_t now_ns_ = 1'000'000'000;
  uint64_t incarnations_ = 0;
  std::unique_ptr<directory::FakeEndpoint> directory_endpoint_;
  std::unique_ptr<directory::DirectoryServer> server_;
  std::map<uint32_t, std::unique_ptr<WholeNode>> nodes_;
};

}  // namespace obj::sim
