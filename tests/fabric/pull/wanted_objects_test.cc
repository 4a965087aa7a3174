// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/wanted_objects_test.cc -- links between bundles and objects; which sources are
// used when there are many.
#include "fabric/pull/wanted_objects.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace obj {
namespace {

ObjectId id_of(uint8_t n) {
  ObjectId id;
  id.bytes[0] = n;
  return id;
}

TEST(WantedObjects, a_duplicate_id_in_a_bundle_is_one_want) {
  WantedObjects objects;
  Bundle bundle;
  std::vector<WantedObject*> fresh;
  const std::vector<ObjectId> ids{id_of(1), id_of(2), id_of(1), id_of(2), id_of(1)};
  objects.link(bundle, ids, fresh);
  EXPECT_EQ(bundle.wants.size(), 2u);
  EXPECT_EQ(fresh.size(), 2u);
  EXPECT_EQ(objects.size(), 2u);
}

TEST(WantedObjects, an_object_is_orphaned_when_its_last_bundle_leaves_in_any_order) {
  for (const int first : {0, 1, 2}) {
    WantedObjects objects;
    std::vector<Bundle> bundles(3);
    std::vector<WantedObject*> fresh;
    const std::vector<ObjectId> ids{id_of(7)};
    for (Bundle& bundle : bundles) objects.link(bundle, ids, fresh);
    EXPECT_EQ(fresh.size(), 1u);
    std::vector<WantedObject*> orphans;
    for (int i = 0; i < 3; i++) {
      EXPECT_TRUE(orphans.empty());
      objects.unlink(bundles[static_cast<size_t>((first + i) % 3)], orphans);
    }
    ASSERT_EQ(orphans.size(), 1u);
    objects.erase(*orphans[0]);
    EXPECT_EQ(objects.size(), 0u);
  }
}

constexpr uint64_t kWhole = 1000;

std::vector<Source> many_sources(uint32_t whole, uint32_t partial) {
  std::vector<Source> sources;
  for (uint32_t node = 0; node < whole + partial; node++) {
    sources.push_back({.node = {node, 1}, .ready_bytes = node < whole ? kWhole : kWhole / 2});
  }
  return sources;
}

size_t count_whole(const std::vector<Source>& sources) {
  return static_cast<size_t>(std::count_if(
      sources.begin(), sources.end(), [](const Source& s) { return s.ready_bytes == kWhole; }));
}

TEST(ChooseSources, takes_all_of_a_few) {
  EXPECT_EQ(choose_sources(many_sources(2, 2), kWhole, 4, 1), many_sources(2, 2));
}

TEST(ChooseSources, always_takes_whole_copies_and_no_copy_twice) {
  for (const auto& [whole, partial] : std::vector<std::pair<uint32_t, uint32_t>>{
           {1, 999}, {2, 15}, {8, 9}, {500, 500}, {999, 1}, {17, 0}}) {
    const std::vector<Source> chosen = choose_sources(many_sources(whole, partial), kWhole, 16, 3);
    ASSERT_EQ(chosen.size(), 16u);
    EXPECT_GE(count_whole(chosen), std::min<size_t>(whole, 8));
    std::set<uint32_t> nodes;
    for (const Source& source : chosen) nodes.insert(source.node.node);
    EXPECT_EQ(nodes.size(), 16u);
  }
}

TEST(ChooseSources, chooses_the_same_again_whatever_their_order) {
  std::vector<Source> sources = many_sources(50, 50);
  const std::vector<Source> chosen = choose_sources(sources, kWhole, 16, 3);
  std::reverse(sources.begin(), sources.end());
  EXPECT_EQ(choose_sources(sources, kWhole, 16, 3), chosen);
}

TEST(ChooseSources, readers_with_different_seeds_spread_over_the_holders) {
  std::set<uint32_t> used;
  for (uint64_t reader = 0; reader < 200; reader++) {
    for (const Source& source : choose_sources(many_sources(200, 0), kWhole, 4, reader * 77)) {
      used.insert(source.node.node);
    }
  }
  EXPECT_GT(used.size(), 150u);
}

}  // namespace
}  // namespace obj
