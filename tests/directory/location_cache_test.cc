// SPDX-License-Identifier: Apache-2.0
// The cache of answers: bounded, most recently used kept, wrong copies taken out one by one.
#include "directory/location_cache.hh"

#include <gtest/gtest.h>

#include "tests/directory/test_directory.hh"

namespace obj::directory {
namespace {

Located located(std::initializer_list<NodeId> nodes) {
  Located result{kShape, static_cast<uint32_t>(nodes.size()), {}};
  for (const NodeId node : nodes) result.copies.push_back({{node, 1}, copy_of(node, 1)});
  return result;
}

TEST(LocationCache, gives_back_the_last_answer) {
  LocationCache cache(10, 1);
  EXPECT_EQ(cache.find(id_of(1)), nullptr);
  cache.put(id_of(1), located({1}));
  cache.put(id_of(1), located({2, 3}));
  ASSERT_NE(cache.find(id_of(1)), nullptr);
  EXPECT_EQ(*cache.find(id_of(1)), located({2, 3}));
  EXPECT_EQ(cache.size(), 1u);
}

TEST(LocationCache, the_least_recently_used_goes_first) {
  LocationCache cache(2, 1);
  cache.put(id_of(1), located({1}));
  cache.put(id_of(2), located({1}));
  cache.find(id_of(1));
  cache.put(id_of(3), located({1}));
  EXPECT_NE(cache.find(id_of(1)), nullptr);
  EXPECT_EQ(cache.find(id_of(2)), nullptr);
  EXPECT_NE(cache.find(id_of(3)), nullptr);
}

TEST(LocationCache, invalid_copies_go_one_by_one_and_the_entry_with_the_last) {
  LocationCache cache(2, 1);
  cache.put(id_of(1), located({1, 2}));
  cache.invalidate(id_of(1), {1, 2});  // another incarnation
  cache.invalidate(id_of(2), {1, 1});
  EXPECT_EQ(cache.find(id_of(1))->copies.size(), 2u);
  cache.invalidate(id_of(1), {1, 1});
  ASSERT_EQ(cache.find(id_of(1))->copies.size(), 1u);
  EXPECT_EQ(cache.find(id_of(1))->copies[0].node.node, 2u);
  cache.invalidate(id_of(1), {2, 1});
  EXPECT_EQ(cache.find(id_of(1)), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(LocationCache, of_no_entries_keeps_nothing) {
  LocationCache cache(0, 1);
  cache.put(id_of(1), located({1}));
  EXPECT_EQ(cache.find(id_of(1)), nullptr);
}

}  // namespace
}  // namespace obj::directory
