// SPDX-License-Identifier: Apache-2.0
// tests/cluster/cluster.hh -- some real objd processes on loopback; the first runs the directory.
#pragma once

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {

using Flags = std::vector<std::string>;

// A node: its process and a client of it.
class ClusterNode {
 public:
  explicit ClusterNode(const Flags& flags)
      : objd(std::make_unique<ObjdProcess>(flags)), client(objd->open()) {}

  nlohmann::json cluster() const { return status_of(client).at("cluster"); }
  std::string directory_address() const { return cluster().at("directory"); }
  uint32_t number() const { return cluster().at("node"); }
  bool is_connected() const { return cluster().at("directory_connected"); }
  void stop() const { ::kill(objd->pid(), SIGSTOP); }
  void go_on() const { ::kill(objd->pid(), SIGCONT); }

  std::unique_ptr<ObjdProcess> objd;
  Client client;
};

class TestCluster {
 public:
  // `flags` of every node, on top of those that make it one.
  explicit TestCluster(uint32_t nodes, const Flags& flags = {}) : flags_(flags) {
    nodes_.emplace_back(node_flags(""));
    directory_ = nodes_.front().directory_address();
    for (uint32_t i = 1; i < nodes; i++) add();
    EXPECT_TRUE(wait_until([this] {
      for (const ClusterNode& node : nodes_) {
        if (!node.is_connected()) return false;
      }
      return true;
    }));
  }

  ClusterNode& add(const Flags& more = {}) {
    Flags flags = node_flags(directory_);
    flags.insert(flags.end(), more.begin(), more.end());
    return nodes_.emplace_back(flags);
  }
  ClusterNode& operator[](size_t index) { return nodes_.at(index); }
  const std::string& directory() const { return directory_; }

 private:
  Flags node_flags(const std::string& directory) const {
    Flags flags{"--listen", "127.0.0.1:0", "--net-devices", "lo"};
    if (!directory.empty()) flags.insert(flags.end(), {"--directory", directory});
    // Where tests/verbs/ runs the same tests over RDMA.
    if (const char* const transport = std::getenv("OBJ_TEST_TRANSPORT")) {
      flags.insert(flags.end(), {"--transport", transport});
    }
    flags.insert(flags.end(), flags_.begin(), flags_.end());
    // As if each had a host of its own, unless a test is about that.
    if (std::ranges::find(flags, "--same-host") == flags.end()) {
      flags.insert(flags.end(), {"--same-host", "off"});
    }
    return flags;
  }

  Flags flags_;
  std::string directory_;
  std::deque<ClusterNode> nodes_;
};

// As JSON: obj_status() of a topic, or obj_locate().
nlohmann::json nodes_of(const Client& client);
nlohmann::json copies_of(const Client& client, const obj_id& id);

}  // namespace obj
