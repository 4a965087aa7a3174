// SPDX-License-Identifier: Apache-2.0
// store/node_pool.hh -- nodes of intrusive containers, reused without malloc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace obj {

// Nodes are made in blocks, never move, and go back to malloc only with the pool: there are as many
// as were ever in use at once. A node comes as its last user left it.
//
// Lifetime: containers that link the nodes must be empty when the pool goes.
template <class Node>
class NodePool {
 public:
  Node& take() {
    if (spare_.empty()) grow();
    Node& node = *spare_.back();
    spare_.pop_back();
    return node;
  }
  void put_back(Node& node) { spare_.push_back(&node); }

 private:
  static constexpr size_t kBlock = 256;

  void grow() {
    blocks_.push_back(std::make_unique<Node[]>(kBlock));
    // Room for all nodes, so that put_back() never calls malloc; doubled, so that growing stays
    // cheap.
    const size_t nodes = blocks_.size() * kBlock;
    if (spare_.capacity() < nodes) spare_.reserve(2 * nodes);
    for (size_t i = kBlock; i > 0; i--) spare_.push_back(&blocks_.back()[i - 1]);
  }

  std::vector<std::unique_ptr<Node[]>> blocks_;
  std::vector<Node*> spare_;
};

}  // namespace obj
