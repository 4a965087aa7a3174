// SPDX-License-Identifier: Apache-2.0
// Goal: Boost's hook checks end the process in every build type, which they do not by themselves.
#include "store/intrusive.hh"

#include <gtest/gtest.h>

#include <memory>

namespace obj {
namespace {

struct Node {
  ListHook hook;
};
using List = ListOf<Node, &Node::hook>;

TEST(IntrusiveDeathTest, refuses_to_link_a_node_twice) {
  Node node;
  List list;
  list.push_back(node);
  EXPECT_DEATH(list.push_back(node), "CHECK failed");
  list.clear();
}

TEST(IntrusiveDeathTest, refuses_to_destroy_a_linked_node) {
  EXPECT_DEATH(
      {
        List list;
        auto node = std::make_unique<Node>();
        list.push_back(*node);
        node.reset();
      },
      "CHECK failed");
}

TEST(IntrusiveDeathTest, refuses_to_take_out_a_node_that_is_not_in) {
  EXPECT_DEATH(
      {
        Node node;
        List list;
        list.erase(list.iterator_to(node));
      },
      "CHECK failed");
}

}  // namespace
}  // namespace obj
