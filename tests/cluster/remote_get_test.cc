// SPDX-License-Identifier: Apache-2.0
// tests/cluster/remote_get_test.cc -- objects of other nodes, as clients see them.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/cluster/cluster.hh"

namespace obj {
namespace {

constexpr int32_t kPatienceMs = 20'000;

void expect_content(const Client& client, const obj_id& id, const std::string& data,
                    const std::string& metadata = {}) {
  obj_view view{};
  ASSERT_THAT(get(client, id, view, kPatienceMs), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(view) == data);
  EXPECT_EQ(metadata_of(view), metadata);
  EXPECT_THAT(obj_release(client.get(), &view), Gives(OBJ_OK));
}

TEST(RemoteGet, brings_objects_of_every_size_byte_for_byte) {
  TestCluster cluster(2);
  uint64_t seed = 0;
  for (const size_t size : {0u, 1u, 63u, 4'095u, 4'096u, 8'191u, 8'192u, 8'193u, 65'537u,
                            1'048'576u, 1'048'577u, 5'000'000u}) {
    const std::string data = pattern(size, ++seed);
    const std::string metadata = pattern(seed % 3 * 11, seed);
    const obj_id id = id_of("object " + std::to_string(size));
    ASSERT_THAT(put(cluster[0].client, id, data, metadata), Gives(OBJ_OK));
    expect_content(cluster[1].client, id, data, metadata);
  }
}

TEST(RemoteGet, works_in_both_directions_and_from_whoever_holds_a_copy) {
  TestCluster cluster(3);
  const std::string data = pattern(300'000, 1);
  ASSERT_THAT(put(cluster[2].client, id_of("a"), data), Gives(OBJ_OK));
  expect_content(cluster[0].client, id_of("a"), data);
  expect_content(cluster[1].client, id_of("a"), data);
  EXPECT_TRUE(wait_until(
      [&] { return copies_of(cluster[0].client, id_of("a")).value("copies_known", 0) == 3; }));
}

TEST(RemoteGet, answers_a_get_that_came_before_the_put) {
  TestCluster cluster(2);
  const obj_id id = id_of("later");
  obj_view view{};
  obj_request* request = nullptr;
  ASSERT_THAT(obj_get_async(cluster[1].client.get(), &id, kPatienceMs, &view, &request),
              Gives(OBJ_OK));
  int done = 0;
  ASSERT_THAT(obj_test(cluster[1].client.get(), &request, &done, nullptr), Gives(OBJ_OK));
  EXPECT_EQ(done, 0);
  ASSERT_THAT(put(cluster[0].client, id, "now"), Gives(OBJ_OK));
  ASSERT_THAT(obj_wait_all(cluster[1].client.get(), &request, 1, kPatienceMs, nullptr),
              Gives(OBJ_OK));
  EXPECT_EQ(data_of(view), "now");
}

TEST(RemoteGet, says_not_found_when_its_time_is_over_and_nobody_has_it) {
  TestCluster cluster(2);
  obj_view view{};
  EXPECT_THAT(get(cluster[1].client, id_of("nowhere"), view, 300), Gives(OBJ_ENOTFOUND));
  ASSERT_THAT(put(cluster[0].client, id_of("there"), "x"), Gives(OBJ_OK));
  EXPECT_THAT(get(cluster[1].client, id_of("there"), view, 0), Gives(OBJ_ENOTFOUND));
}

TEST(RemoteGet, of_many_at_once_mixes_local_and_remote_ones) {
  TestCluster cluster(3);
  std::vector<obj_id> ids;
  for (int i = 0; i < 300; i++) {
    const obj_id id = id_of("object " + std::to_string(i));
    const auto& home = cluster[static_cast<size_t>(i) % 3].client;
    ASSERT_THAT(put(home, id, pattern(1'000, static_cast<uint64_t>(i))), Gives(OBJ_OK));
    ids.push_back(id);
  }
  std::vector<obj_view> views(ids.size());
  std::vector<int> statuses(ids.size());
  ASSERT_THAT(obj_get_many(cluster[1].client.get(), ids.data(), ids.size(), kPatienceMs,
                           views.data(), statuses.data()),
              Gives(OBJ_OK));
  for (size_t i = 0; i < ids.size(); i++) EXPECT_TRUE(data_of(views[i]) == pattern(1'000, i)) << i;
  EXPECT_THAT(obj_release_many(cluster[1].client.get(), views.data(), views.size()), Gives(OBJ_OK));
}

TEST(RemoteGet, a_wait_for_some_of_many_counts_remote_ones) {
  TestCluster cluster(2);
  std::vector<obj_id> ids;
  for (int i = 0; i < 10; i++) ids.push_back(id_of("object " + std::to_string(i)));
  for (int i = 0; i < 4; i++) {
    ASSERT_THAT(put(cluster[static_cast<size_t>(i) % 2].client, ids[static_cast<size_t>(i)], "x"),
                Gives(OBJ_OK));
  }
  std::vector<uint8_t> ready(ids.size());
  size_t count = 0;
  EXPECT_THAT(obj_wait(cluster[1].client.get(), ids.data(), ids.size(), 4, kPatienceMs,
                       ready.data(), &count),
              Gives(OBJ_OK));
  EXPECT_EQ(count, 4u);
}

TEST(RemoteGet, a_prefetch_makes_the_get_a_local_one) {
  TestCluster cluster(2);
  const obj_id id = id_of("soon");
  ASSERT_THAT(put(cluster[0].client, id, pattern(100'000, 1)), Gives(OBJ_OK));
  ASSERT_THAT(obj_prefetch(cluster[1].client.get(), &id, 1, kPatienceMs), Gives(OBJ_OK));
  EXPECT_TRUE(wait_until([&] { return contains(cluster[1].client, id); }));
}

TEST(RemoteGet, a_push_brings_the_object_to_the_node_that_is_named) {
  TestCluster cluster(3);
  const obj_id id = id_of("pushed");
  ASSERT_THAT(put(cluster[0].client, id, pattern(100'000, 1)), Gives(OBJ_OK));
  ASSERT_THAT(obj_push(cluster[0].client.get(), &id, cluster[2].number()), Gives(OBJ_OK));
  EXPECT_TRUE(wait_until([&] { return contains(cluster[2].client, id); }));
  EXPECT_FALSE(contains(cluster[1].client, id));
  EXPECT_THAT(obj_push(cluster[0].client.get(), &id, 12345), Gives(OBJ_EUNAVAILABLE));
}

TEST(RemoteGet, a_delete_reaches_every_holder) {
  TestCluster cluster(3);
  const obj_id id = id_of("gone");
  ASSERT_THAT(put(cluster[0].client, id, pattern(100'000, 1)), Gives(OBJ_OK));
  expect_content(cluster[1].client, id, pattern(100'000, 1));
  ASSERT_TRUE(
      wait_until([&] { return copies_of(cluster[2].client, id).value("copies_known", 0) == 2; }));
  ASSERT_THAT(obj_delete(cluster[2].client.get(), &id), Gives(OBJ_OK));
  EXPECT_TRUE(wait_until(
      [&] { return !contains(cluster[0].client, id) && !contains(cluster[1].client, id); }));
}

TEST(RemoteGet, the_nodes_are_listed_with_what_they_hold) {
  TestCluster cluster(3);
  const auto nodes = nodes_of(cluster[1].client);
  ASSERT_EQ(nodes.at("nodes").size(), 3u) << nodes;
  EXPECT_EQ(nodes.at("self"), cluster[1].number());
  for (const auto& node : nodes.at("nodes")) EXPECT_EQ(node.at("status"), "alive");
  ASSERT_THAT(put(cluster[1].client, id_of("a"), pattern(1'000'000, 1)), Gives(OBJ_OK));
  EXPECT_TRUE(wait_until([&] {
    const auto seen = nodes_of(cluster[0].client);
    return std::ranges::any_of(seen.at("nodes"), [](const auto& node) {
      return node.at("used_bytes").template get<uint64_t>() >= 1'000'000;
    });
  }));
}

TEST(RemoteGet, random_gets_over_ten_times_the_arena_are_byte_exact) {
  TestCluster cluster(1, {"--object-store-memory", "64M"});
  ClusterNode& reader = cluster.add({"--object-store-memory", "6M"});
  ASSERT_TRUE(wait_until([&] { return reader.is_connected(); }));
  constexpr size_t kObjects = 120;
  constexpr size_t kBytes = 500'000;
  for (size_t i = 0; i < kObjects; i++) {
    ASSERT_THAT(put(cluster[0].client, id_of(std::to_string(i)), pattern(kBytes, i)),
                Gives(OBJ_OK));
  }
  std::mt19937_64 random(1);
  for (int turn = 0; turn < 300; turn++) {
    const size_t i = random() % kObjects;
    expect_content(reader.client, id_of(std::to_string(i)), pattern(kBytes, i));
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(status_of(reader.client, true).at("audit").at("agrees"), true);
}

TEST(RemoteGet, one_node_ends_cleanly_while_others_read_from_it) {
  TestCluster cluster(2);
  ASSERT_THAT(put(cluster[1].client, id_of("a"), pattern(10'000'000, 1)), Gives(OBJ_OK));
  obj_view view{};
  obj_request* request = nullptr;
  const obj_id id = id_of("a");
  ASSERT_THAT(obj_get_async(cluster[0].client.get(), &id, kPatienceMs, &view, &request),
              Gives(OBJ_OK));
  EXPECT_EQ(cluster[1].objd->terminate(), 0);
  int status = OBJ_OK;
  obj_wait_all(cluster[0].client.get(), &request, 1, kPatienceMs, &status);
  EXPECT_TRUE(status == OBJ_OK || status == OBJ_EUNAVAILABLE || status == OBJ_ENOTFOUND)
      << obj_status_name(status);
}

}  // namespace
}  // namespace obj
