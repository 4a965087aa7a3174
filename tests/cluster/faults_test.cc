// SPDX-License-Identifier: Apache-2.0
// tests/cluster/faults_test.cc -- nodes and directories that die, freeze, or are not what they
// seem.
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "tests/cluster/cluster.hh"
#include "tests/loopback/support/temp_dir.hh"

namespace obj {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int32_t kPatienceMs = 20'000;
// Small chunks and little in flight, so that a pull of some MB takes long enough to be disturbed.
const Flags kSlowPulls{"--object-chunk-size", "64K", "--pull-bandwidth", "4M"};

class AsyncGet {
 public:
  AsyncGet(const Client& client, const obj_id& id) : client_(client), id_(id) {
    EXPECT_THAT(obj_get_async(client_.get(), &id_, kPatienceMs, &view_, &request_), Gives(OBJ_OK));
    int done = 0;
    obj_test(client_.get(), &request_, &done, nullptr);
  }
  int finish() {
    int status = OBJ_ETIMEOUT;
    obj_wait_all(client_.get(), &request_, 1, 2 * kPatienceMs, &status);
    reason_ = obj_last_error();
    return status;
  }
  const obj_view& view() const { return view_; }
  const std::string& reason() const { return reason_; }

 private:
  const Client& client_;
  obj_id id_;
  obj_view view_{};
  obj_request* request_ = nullptr;
  std::string reason_;
};

// Readable by its owner alone, as objd demands.
void write_secret(const std::string& path, const std::string& secret) {
  std::ofstream(path) << secret << "\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
}

bool is_pulling(const ClusterNode& node) {
  return node.cluster().at("in_flight_bytes").get<uint64_t>() > 0;
}

TEST(ClusterFaults, a_source_killed_in_the_middle_is_replaced_by_another_holder) {
  TestCluster cluster(3);
  const obj_id id = id_of("a");
  const std::string data = pattern(8'000'000, 1);
  ASSERT_THAT(put(cluster[1].client, id, data), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(cluster[0].client, id, view, kPatienceMs), Gives(OBJ_OK));
  ASSERT_THAT(obj_release(cluster[0].client.get(), &view), Gives(OBJ_OK));
  ClusterNode& reader = cluster.add(kSlowPulls);
  AsyncGet slow(reader.client, id);
  ASSERT_TRUE(wait_until([&] { return is_pulling(reader); }));
  cluster[1].objd->kill();
  ASSERT_EQ(slow.finish(), OBJ_OK) << slow.reason();
  EXPECT_TRUE(data_of(slow.view()) == data);
}

TEST(ClusterFaults, the_death_of_the_only_source_is_told_soon_and_by_name) {
  TestCluster cluster(2);
  const obj_id id = id_of("a");
  ASSERT_THAT(put(cluster[1].client, id, pattern(8'000'000, 1)), Gives(OBJ_OK));
  const std::string name = "node " + std::to_string(cluster[1].number());
  ClusterNode& reader = cluster.add(kSlowPulls);
  AsyncGet get(reader.client, id);
  ASSERT_TRUE(wait_until([&] { return is_pulling(reader); }));
  const auto killed_at = steady_clock::now();
  cluster[1].objd->kill();
  EXPECT_EQ(get.finish(), OBJ_EUNAVAILABLE) << get.reason();
  // The lease of 1 s, then at most 2 s.
  EXPECT_LT(steady_clock::now() - killed_at, 4s);
  EXPECT_NE(get.reason().find(name), std::string::npos) << get.reason();
}

TEST(ClusterFaults, a_frozen_source_is_noticed_and_another_one_takes_over) {
  TestCluster cluster(3);
  const obj_id id = id_of("a");
  const std::string data = pattern(4'000'000, 1);
  ASSERT_THAT(put(cluster[1].client, id, data), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(cluster[0].client, id, view, kPatienceMs), Gives(OBJ_OK));
  ASSERT_THAT(obj_release(cluster[0].client.get(), &view), Gives(OBJ_OK));
  ClusterNode& reader = cluster.add(kSlowPulls);
  AsyncGet slow(reader.client, id);
  ASSERT_TRUE(wait_until([&] { return is_pulling(reader); }));
  cluster[1].stop();
  EXPECT_EQ(slow.finish(), OBJ_OK) << slow.reason();
  EXPECT_TRUE(data_of(slow.view()) == data);
  cluster[1].go_on();
  EXPECT_TRUE(wait_until([&] { return cluster[1].is_connected(); }));
}

TEST(ClusterFaults, a_reader_that_was_frozen_goes_on_and_sees_right_bytes) {
  TestCluster cluster(1);
  ClusterNode& reader = cluster.add(kSlowPulls);
  const obj_id id = id_of("a");
  const std::string data = pattern(4'000'000, 1);
  ASSERT_THAT(put(cluster[0].client, id, data), Gives(OBJ_OK));
  AsyncGet slow(reader.client, id);
  ASSERT_TRUE(wait_until([&] { return is_pulling(reader); }));
  reader.stop();
  std::this_thread::sleep_for(2s);
  reader.go_on();
  EXPECT_EQ(slow.finish(), OBJ_OK) << slow.reason();
  EXPECT_TRUE(data_of(slow.view()) == data);
}

// The reuse hazard: the puller stands still while the source deletes the object and fills its
// memory with others, again and again.
TEST(ClusterFaults, no_wrong_byte_when_memory_is_reused_under_a_puller_that_stands_still) {
  TestCluster cluster(1, {"--object-store-memory", "8M"});
  ClusterNode& reader = cluster.add({"--object-chunk-size", "64K"});
  std::mt19937_64 random(1);
  for (uint64_t round = 0; round < 20; round++) {
    const obj_id id = id_of("round " + std::to_string(round));
    const std::string data = pattern(3'000'000, round);
    ASSERT_THAT(put(cluster[0].client, id, data, {}, kPatienceMs), Gives(OBJ_OK));
    AsyncGet get(reader.client, id);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3'000));
    reader.stop();
    ASSERT_THAT(obj_delete(cluster[0].client.get(), &id), Gives(OBJ_OK));
    const obj_id filler = id_of("filler " + std::to_string(round));
    ASSERT_THAT(put(cluster[0].client, filler, pattern(3'000'000, 1'000 + round), {}, kPatienceMs),
                Gives(OBJ_OK));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
    reader.go_on();
    // The delete may have been first: then nobody has it, and a short wait tells.
    const obj_id mine = id;
    obj_view view{};
    const int status = obj_get(reader.client.get(), &mine, 100, &view);
    if (status == OBJ_OK) {
      EXPECT_TRUE(data_of(view) == data) << "round " << round;
      obj_release(reader.client.get(), &view);
    }
    ASSERT_THAT(obj_delete(cluster[0].client.get(), &filler), Gives(OBJ_OK));
    obj_delete(reader.client.get(), &mine);
  }
}

TEST(ClusterFaults, a_directory_that_dies_and_returns_learns_everything_again) {
  TestCluster cluster(1);
  // A directory of its own, so that it can die alone.
  auto directory = std::make_unique<ObjdProcess>(
      Flags{"--listen", "127.0.0.1:0", "--directory-listen", "127.0.0.1:0"});
  Client to_directory = directory->open();
  const std::string address = status_of(to_directory).at("cluster").at("directory");
  const Flags flags{"--listen", "127.0.0.1:0", "--directory", address};
  ClusterNode one(flags);
  ClusterNode two(flags);
  ASSERT_TRUE(wait_until([&] { return one.is_connected() && two.is_connected(); }));
  const std::string data = pattern(100'000, 1);
  ASSERT_THAT(put(one.client, id_of("before"), data), Gives(OBJ_OK));
  to_directory.reset();
  directory->kill();
  ASSERT_TRUE(wait_until([&] { return !one.is_connected() && !two.is_connected(); }));
  // Local life goes on.
  ASSERT_THAT(put(one.client, id_of("meanwhile"), data), Gives(OBJ_OK));
  obj_view view{};
  EXPECT_THAT(get(two.client, id_of("before"), view, 200), Gives(OBJ_ETIMEOUT));
  AsyncGet waiting(two.client, id_of("meanwhile"));
  directory = std::make_unique<ObjdProcess>(
      Flags{"--listen", "127.0.0.1:0", "--directory-listen", address});
  EXPECT_EQ(waiting.finish(), OBJ_OK) << waiting.reason();
  ASSERT_THAT(get(two.client, id_of("before"), view, kPatienceMs), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(view) == data);
}

TEST(ClusterFaults, a_frozen_directory_stops_nobody_who_has_what_he_needs) {
  auto directory = std::make_unique<ObjdProcess>(Flags{"--listen", "127.0.0.1:0"});
  const Client to_directory = directory->open();
  const std::string address = status_of(to_directory).at("cluster").at("directory");
  ClusterNode one({"--listen", "127.0.0.1:0", "--directory", address});
  ASSERT_TRUE(wait_until([&] { return one.is_connected(); }));
  ::kill(directory->pid(), SIGSTOP);
  ASSERT_THAT(put(one.client, id_of("a"), "x"), Gives(OBJ_OK));
  obj_view view{};
  EXPECT_THAT(get(one.client, id_of("a"), view, 0), Gives(OBJ_OK));
  EXPECT_TRUE(wait_until([&] { return !one.is_connected(); }));
  ::kill(directory->pid(), SIGCONT);
  EXPECT_TRUE(wait_until([&] { return one.is_connected(); }));
}

TEST(ClusterFaults, who_does_not_know_the_secret_stays_outside_and_is_told_why) {
  const TempDir dir;
  write_secret(dir.file("right"), "correct horse battery staple");
  write_secret(dir.file("wrong"), "12345");
  TestCluster cluster(1, {"--secret-file", dir.file("right")});
  ClusterNode& friendly = cluster.add();
  EXPECT_TRUE(wait_until([&] { return friendly.is_connected(); }));
  const ClusterNode stranger({"--listen", "127.0.0.1:0", "--directory", cluster.directory(),
                              "--secret-file", dir.file("wrong")});
  std::this_thread::sleep_for(1s);
  EXPECT_FALSE(stranger.is_connected());
  EXPECT_NE(stranger.objd->output().find("secret"), std::string::npos);
  EXPECT_EQ(nodes_of(cluster[0].client).at("nodes").size(), 2u);
}

TEST(ClusterFaults, garbage_on_every_port_harms_nobody) {
  TestCluster cluster(2);
  std::mt19937_64 random(1);
  const auto throw_garbage_at = [&](const std::string& address) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return;
    std::string garbage(1 + random() % 5'000, '\0');
    for (char& byte : garbage) byte = static_cast<char>(random());
    [[maybe_unused]] const ssize_t sent =
        ::send(socket.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL);
  };
  for (int i = 0; i < 50; i++) {
    throw_garbage_at(cluster.directory());
    throw_garbage_at(cluster[0].cluster().at("address"));
    throw_garbage_at(cluster[1].cluster().at("address"));
  }
  const std::string data = pattern(100'000, 1);
  ASSERT_THAT(put(cluster[0].client, id_of("a"), data), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(cluster[1].client, id_of("a"), view, kPatienceMs), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(view) == data);
}

TEST(ClusterFaults, a_node_that_restarts_is_a_new_one_and_its_old_copies_are_gone) {
  TestCluster cluster(1);
  ClusterNode& two = cluster.add({"--node-id", "77"});
  ASSERT_THAT(put(two.client, id_of("a"), "x"), Gives(OBJ_OK));
  ASSERT_TRUE(wait_until(
      [&] { return copies_of(cluster[0].client, id_of("a")).value("copies_known", 0) == 1; }));
  two.client.reset();
  two.objd->kill();
  two.objd->restart();
  two.client = two.objd->open();
  ASSERT_TRUE(wait_until([&] { return two.is_connected(); }));
  EXPECT_TRUE(wait_until(
      [&] { return copies_of(cluster[0].client, id_of("a")).value("copies_known", 1) == 0; }));
  obj_view view{};
  EXPECT_THAT(get(cluster[0].client, id_of("a"), view, 300), Gives(OBJ_ENOTFOUND));
}

TEST(ClusterFaults, a_thousand_gets_of_one_object_are_one_transfer) {
  TestCluster cluster(2);
  const obj_id id = id_of("hot");
  ASSERT_THAT(put(cluster[0].client, id, pattern(2'000'000, 1)), Gives(OBJ_OK));
  std::vector<obj_view> views(1000);
  std::vector<obj_request*> requests(views.size());
  for (size_t i = 0; i < views.size(); i++) {
    ASSERT_THAT(obj_get_async(cluster[1].client.get(), &id, kPatienceMs, &views[i], &requests[i]),
                Gives(OBJ_OK));
  }
  ASSERT_THAT(
      obj_wait_all(cluster[1].client.get(), requests.data(), requests.size(), kPatienceMs, nullptr),
      Gives(OBJ_OK));
  for (const obj_view& view : views) EXPECT_EQ(view.data, views.front().data);
  EXPECT_EQ(cluster[1].cluster().at("pulled_bytes"), 2'000'000u);
}

}  // namespace
}  // namespace obj
