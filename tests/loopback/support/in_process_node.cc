// SPDX-License-Identifier: Apache-2.0
#include "tests/loopback/support/in_process_node.hh"

#include <fstream>
#include <future>
#include <iostream>
#include <utility>

#include "base/log.hh"

namespace obj {

NodeConfig InProcessNode::small_config() {
  NodeConfig config;
  config.object_store_memory_bytes = kArenaBytes;
  config.huge_pages = HugePages::kOff;
  config.objects_max = 4096;
  return config;
}

InProcessNode::InProcessNode(NodeConfig config) : socket_(dir_.file("objd.sock")) {
  config.socket_path = socket_;
  log::open(log::Level::kDebug, dir_.file("objd.log"));
  // A node starts, runs and ends on one thread.
  std::promise<std::pair<Node*, std::string>> started;
  auto outcome = started.get_future();
  thread_ = std::thread([config, started = std::move(started)]() mutable {
    auto node = Node::start(config);
    if (!node) return started.set_value({nullptr, node.error()});
    started.set_value({node->get(), {}});
    (*node)->run();
  });
  std::string refusal;
  std::tie(node_, refusal) = outcome.get();
  EXPECT_NE(node_, nullptr) << refusal;
}

InProcessNode::~InProcessNode() {
  stop();
  if (!testing::Test::HasFailure()) return;
  std::ifstream log(dir_.file("objd.log"));
  std::cerr << "---- log of the node\n" << log.rdbuf();
}

void InProcessNode::stop() {
  if (!thread_.joinable()) return;
  if (node_ != nullptr) node_->request_stop();
  thread_.join();
}

}  // namespace obj
