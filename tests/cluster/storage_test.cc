// SPDX-License-Identifier: Apache-2.0
// tests/cluster/storage_test.cc -- objects that one node spilled, read on another.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cluster/cluster.hh"
#include "tests/loopback/support/temp_dir.hh"

namespace obj {
namespace {

constexpr int32_t kPatienceMs = 20'000;
constexpr uint64_t kMiB = uint64_t{1} << 20;

obj_id numbered(uint64_t number) { return id_of("object " + std::to_string(number)); }

void expect_content(const Client& client, uint64_t number, size_t size) {
  obj_view view{};
  ASSERT_THAT(get(client, numbered(number), view, kPatienceMs), Gives(OBJ_OK)) << number;
  EXPECT_TRUE(data_of(view) == pattern(size, number)) << number;
  EXPECT_THAT(obj_release(client.get(), &view), Gives(OBJ_OK));
}

TEST(SpilledElsewhere, three_arenas_of_one_node_are_read_on_another) {
  TempDir directory;
  TestCluster cluster(1);
  ClusterNode& owner = cluster.add({"--spill-directory", directory.path().string()});
  for (uint64_t number = 0; number < 48; number++) {
    ASSERT_THAT(put(owner.client, numbered(number), pattern(kMiB, number), {}, kPatienceMs),
                Gives(OBJ_OK));
  }
  for (uint64_t number = 0; number < 48; number++) {
    expect_content(cluster[0].client, number, kMiB);
  }
}

// Behaviour 44: a get of 40 of 75 where a primary takes 40 already; in 16 MiB.
TEST(SpilledElsewhere, a_primary_makes_room_for_a_pull) {
  TempDir directory;
  TestCluster cluster(1);
  ClusterNode& reader = cluster.add({"--spill-directory", directory.path().string()});
  ASSERT_THAT(put(cluster[0].client, numbered(1), pattern(9 * kMiB, 1)), Gives(OBJ_OK));
  ASSERT_THAT(put(reader.client, numbered(2), pattern(9 * kMiB, 2)), Gives(OBJ_OK));
  expect_content(reader.client, 1, 9 * kMiB);
  expect_content(reader.client, 2, 9 * kMiB);
  expect_content(reader.client, 1, 9 * kMiB);
}

TEST(SpilledElsewhere, what_a_killed_node_had_spilled_is_read_when_it_is_back) {
  TempDir directory;
  TestCluster cluster(1);
  ClusterNode& owner =
      cluster.add({"--spill-directory", directory.path().string(), "--node-id", "4711"});
  const obj_id id = numbered(1);
  ASSERT_THAT(put(owner.client, id, pattern(kMiB, 1)), Gives(OBJ_OK));
  ASSERT_THAT(obj_spill(owner.client.get(), &id), Gives(OBJ_OK));
  owner.objd->kill();
  owner.objd->restart();
  owner.client = owner.objd->open();
  expect_content(cluster[0].client, 1, kMiB);
}

}  // namespace
}  // namespace obj
