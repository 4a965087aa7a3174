// SPDX-License-Identifier: Apache-2.0
// tests/cluster/same_host_test.cc -- daemons that read each other's memory, and what becomes of
// that when one is stopped or killed.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/cluster/cluster.hh"

namespace obj {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int32_t kPatienceMs = 20'000;
const Flags kOn{"--same-host", "auto"};
// 6 MB take 0.6 s: long enough to be disturbed, and over before a stopped owner is declared dead.
const Flags kSlowPulls{"--object-chunk-size", "64K", "--pull-bandwidth", "10M"};
constexpr size_t kSlowBytes = 6'000'000;

uint64_t same_host(const ClusterNode& node, const char* what) {
  return node.cluster().at("same_host").at(what);
}

void expect_content(const ClusterNode& node, const obj_id& id, const std::string& data) {
  obj_view view{};
  ASSERT_THAT(get(node.client, id, view, kPatienceMs), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(view) == data);
  EXPECT_THAT(obj_release(node.client.get(), &view), Gives(OBJ_OK));
}

// `reader` maps the memory of `owner` once it has read something of it.
void introduce(const ClusterNode& reader, const ClusterNode& owner) {
  const uint64_t before = same_host(reader, "neighbours");
  const obj_id id = id_of("hello from " + std::to_string(owner.number()) + " to " +
                          std::to_string(reader.number()));
  ASSERT_THAT(put(owner.client, id, "hello"), Gives(OBJ_OK));
  expect_content(reader, id, "hello");
  ASSERT_TRUE(wait_until([&] { return same_host(reader, "neighbours") == before + 1; }));
}

TEST(SameHost, objects_of_every_size_come_from_the_owners_memory) {
  TestCluster cluster(2, kOn);
  introduce(cluster[1], cluster[0]);
  uint64_t sum = 0;
  for (const size_t size : {1u, 63u, 4'095u, 8'193u, 1'048'577u, 7'000'000u}) {
    const std::string data = pattern(size, size);
    const obj_id id = id_of("object " + std::to_string(size));
    ASSERT_THAT(put(cluster[0].client, id, data, "metadata"), Gives(OBJ_OK));
    const uint64_t before = same_host(cluster[1], "read_bytes");
    expect_content(cluster[1], id, data);
    EXPECT_GE(same_host(cluster[1], "read_bytes"), before + size);
    sum += size;
  }
  EXPECT_EQ(same_host(cluster[0], "readers"), 1u);
  EXPECT_GE(cluster[1].cluster().at("pulled_bytes"), sum);
}

TEST(SameHost, nobody_gets_the_memory_of_a_daemon_that_is_off) {
  TestCluster cluster(1, {"--same-host", "off"});
  ClusterNode& on = cluster.add();
  ASSERT_THAT(put(cluster[0].client, id_of("a"), "x"), Gives(OBJ_OK));
  expect_content(on, id_of("a"), "x");
  EXPECT_EQ(same_host(on, "neighbours"), 0u);
  EXPECT_EQ(same_host(cluster[0], "readers"), 0u);
}

TEST(SameHost, a_stopped_owner_is_read_all_the_same) {
  TestCluster cluster(2, kOn);
  ClusterNode& reader = cluster.add(kSlowPulls);
  introduce(reader, cluster[1]);
  const obj_id id = id_of("a");
  const std::string data = pattern(kSlowBytes, 1);
  ASSERT_THAT(put(cluster[1].client, id, data), Gives(OBJ_OK));
  obj_view view{};
  obj_request* request = nullptr;
  ASSERT_THAT(obj_get_async(reader.client.get(), &id, kPatienceMs, &view, &request), Gives(OBJ_OK));
  int done = 0;
  obj_test(reader.client.get(), &request, &done, nullptr);
  const uint64_t before = same_host(reader, "read_bytes");
  ASSERT_TRUE(wait_until([&] { return same_host(reader, "read_bytes") > before; }));
  cluster[1].stop();
  int status = OBJ_ETIMEOUT;
  obj_wait_all(reader.client.get(), &request, 1, kPatienceMs, &status);
  cluster[1].go_on();
  ASSERT_EQ(status, OBJ_OK) << obj_last_error();
  EXPECT_TRUE(data_of(view) == data);
}

TEST(SameHost, the_memory_of_a_killed_owner_is_let_go_at_once) {
  TestCluster cluster(2, kOn);
  introduce(cluster[0], cluster[1]);
  ASSERT_THAT(put(cluster[1].client, id_of("a"), "x"), Gives(OBJ_OK));
  cluster[1].objd->kill();
  EXPECT_TRUE(wait_until([&] { return same_host(cluster[0], "neighbours") == 0; }));
  obj_view view{};
  const auto started = steady_clock::now();
  const obj_id id = id_of("a");
  EXPECT_NE(obj_get(cluster[0].client.get(), &id, 300, &view), OBJ_OK);
  EXPECT_LT(steady_clock::now() - started, 4s);
}

TEST(SameHost, an_owner_killed_in_the_middle_is_replaced_by_another_holder) {
  TestCluster cluster(3, kOn);
  ClusterNode& reader = cluster.add(kSlowPulls);
  introduce(reader, cluster[1]);
  const obj_id id = id_of("a");
  const std::string data = pattern(kSlowBytes, 1);
  ASSERT_THAT(put(cluster[1].client, id, data), Gives(OBJ_OK));
  expect_content(cluster[2], id, data);
  obj_view view{};
  obj_request* request = nullptr;
  ASSERT_THAT(obj_get_async(reader.client.get(), &id, kPatienceMs, &view, &request), Gives(OBJ_OK));
  int done = 0;
  obj_test(reader.client.get(), &request, &done, nullptr);
  // A copy takes microseconds, so it is hardly ever seen in flight; what it brought stays.
  const uint64_t before = same_host(reader, "read_bytes");
  ASSERT_TRUE(wait_until([&] { return same_host(reader, "read_bytes") > before; }));
  cluster[1].objd->kill();
  int status = OBJ_ETIMEOUT;
  obj_wait_all(reader.client.get(), &request, 1, kPatienceMs, &status);
  ASSERT_EQ(status, OBJ_OK) << obj_last_error();
  EXPECT_TRUE(data_of(view) == data);
}

// The reader's own reads of an object go on while its owner evicts everything again and again.
TEST(SameHost, objects_that_are_evicted_while_they_are_read_are_whole_or_not_there) {
  TestCluster cluster(2, {"--same-host", "auto", "--object-store-memory", "64M"});
  introduce(cluster[1], cluster[0]);
  constexpr uint32_t kObjects = 60;
  constexpr size_t kBytes = 4'000'000;  // a dozen fit
  const auto id = [](uint32_t i) { return id_of("churn " + std::to_string(i)); };
  uint32_t whole = 0;
  for (uint32_t i = 0; i < kObjects; i++) {
    ASSERT_THAT(put(cluster[0].client, id(i), pattern(kBytes, i)), Gives(OBJ_OK));
    // One that is just being evicted, and one that is new.
    for (const uint32_t wanted : {i > 12 ? i - 12 : 0, i}) {
      obj_view view{};
      const obj_id wanted_id = id(wanted);
      if (obj_get(cluster[1].client.get(), &wanted_id, 500, &view) != OBJ_OK) continue;
      ASSERT_TRUE(data_of(view) == pattern(kBytes, wanted)) << wanted;
      whole++;
      ASSERT_THAT(obj_release(cluster[1].client.get(), &view), Gives(OBJ_OK));
    }
  }
  EXPECT_GE(whole, kObjects / 2);
  EXPECT_GT(same_host(cluster[1], "read_bytes"), kBytes);
}

}  // namespace
}  // namespace obj
