// SPDX-License-Identifier: Apache-2.0
// tests/loopback/directory_test.cc -- objdir and the clients of two nodes, over UCX on TCP.
//
// What the protocol promises is tested in tests/directory/ with a fake network. Here: that it holds
// with real connections, when the directory is killed, stopped and fed garbage.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <random>

#include "base/clock.hh"
#include "base/log.hh"
#include "base/unique_fd.hh"
#include "directory/directory_client.hh"
#include "fabric/ucx/ucx_fabric.hh"
#include "tests/directory/recording_owner.hh"
#include "tests/directory/test_directory.hh"
#include "tests/loopback/support/objdir_process.hh"
#include "tests/loopback/support/wait_until.hh"
#include "tests/seed.hh"

namespace obj::directory {
namespace {

UcxFabricOptions fabric_options(NodeId node, const std::string& secret) {
  UcxFabricOptions options;
  options.secret = secret;
  options.self = {node, 1};
  return options;
}

// One node's fabric and directory client; turned by hand.
struct ClientNode {
  ClientNode(NodeId node, const ObjdirProcess& objdir,
             const std::string& secret = ObjdirProcess::kSecret)
      : fabric(*UcxFabric::create(fabric_options(node, secret))),
        client(fabric->transport(Service::kDirectory), owner, options(node, objdir), node,
               monotonic_ns()) {
    fabric->attach(Service::kDirectory, client);
  }

  static DirectoryClientOptions options(NodeId node, const ObjdirProcess& objdir) {
    DirectoryClientOptions result;
    result.link.address = objdir.address();
    result.node = {
        .node = {node, 1}, .address = "127.0.0.1:1", .arena_bytes = 1 << 30, .arena_info = {}};
    return result;
  }
  // Held from now on, and reported.
  void hold(uint64_t id) {
    owner.held.push_back(sealed(id));
    client.report(id_of(id), owner.held.back().shape, owner.held.back().copy);
  }
  void drop(uint64_t id) {
    std::erase_if(owner.held, [&](const CopyReport& copy) { return copy.id == id_of(id); });
    client.withdraw(id_of(id), 1, 1);
  }
  void lookup(uint64_t id, uint64_t patience_ms = kPatienceMs) {
    owner.located.clear();
    ASSERT_TRUE(client.lookup(id_of(id), 1, monotonic_ns() + patience_ms * kMs));
  }
  void turn() {
    fabric->progress(64);
    fabric->step(monotonic_ns());
    client.step(monotonic_ns());
  }

  std::unique_ptr<UcxFabric> fabric;
  RecordingOwner owner;
  DirectoryClient client;
};

class Directory : public testing::Test {
 protected:
  static void SetUpTestSuite() { log::open(log::Level::kError, "/dev/null"); }

  bool turn_until(const std::function<bool()>& done, uint64_t ms_max = kPatienceMs * kSlowness) {
    return wait_until(
        [&] {
          for (int turns = 0; turns < 20; turns++) {
            one.turn();
            two.turn();
          }
          return done();
        },
        ms_max);
  }
  bool both_caught_up() {
    return turn_until([&] { return one.client.caught_up() && two.client.caught_up(); });
  }
  // What `two` is told of `id`.
  Result<Located> look(uint64_t id) {
    two.lookup(id);
    EXPECT_TRUE(turn_until([&] { return !two.owner.located.empty(); }));
    return two.owner.located.empty() ? std::unexpected(Error{ErrorCode::kTimeout, 0, "test"})
                                     : two.owner.located.front().second;
  }
  // The last that `two` was told of `id` without asking.
  size_t copies_told(uint64_t id) {
    size_t copies = SIZE_MAX;
    for (const auto& [told, located] : two.owner.locations) {
      if (told == id_of(id)) copies = located.copies.size();
    }
    return copies;
  }

  ObjdirProcess objdir;
  ClientNode one{1, objdir};
  ClientNode two{2, objdir};
};

TEST_F(Directory, is_told_asked_subscribed_to_and_frees) {
  two.client.subscribe(id_of(7));
  one.hold(7);
  ASSERT_TRUE(both_caught_up());
  const Result<Located> found = look(7);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->shape, kShape);
  ASSERT_EQ(found->copies.size(), 1u);
  EXPECT_EQ(found->copies[0].node, (NodeRef{1, 1}));
  EXPECT_TRUE(turn_until([&] { return copies_told(7) == 1; }));

  ASSERT_TRUE(two.client.free(id_of(7), 5, monotonic_ns() + kPatienceMs * kMs));
  ASSERT_TRUE(turn_until([&] { return !two.owner.freed.empty() && !one.owner.orders.empty(); }));
  EXPECT_EQ(two.owner.freed[0].second.value_or(0), 1u);
  EXPECT_EQ(one.owner.orders[0].id, id_of(7));
  EXPECT_TRUE(two.owner.orders.empty()) << "it holds nothing";
  one.drop(7);
  EXPECT_TRUE(turn_until([&] { return copies_told(7) == 0; }));
  EXPECT_EQ(objdir.terminate(), 0);
}

TEST_F(Directory, killed_and_started_again_it_never_says_that_nobody_has_what_is_held) {
  constexpr uint64_t kObjects = 3000;
  two.client.subscribe(id_of(0));
  for (uint64_t id = 0; id < kObjects; id++) one.hold(id);
  ASSERT_TRUE(both_caught_up());
  for (int times = 0; times < 2; times++) {
    objdir.kill();
    ASSERT_TRUE(turn_until([&] { return !one.client.connected() && !two.client.connected(); }));
    const size_t told_before = two.owner.locations.size();
    objdir.restart();
    // Asked at once, and answered when the directory knows.
    for (const uint64_t id : {uint64_t{0}, kObjects / 2, kObjects - 1}) {
      EXPECT_TRUE(look(id).has_value()) << "object " << id;
    }
    ASSERT_TRUE(both_caught_up());
    EXPECT_EQ(two.owner.locations.size(), told_before) << "a restart is no news to subscribers";
  }
  EXPECT_EQ(look(kObjects + 1).error().code, ErrorCode::kNotFound);
}

TEST_F(Directory, stopped_it_is_missed_and_lookups_end_and_thawed_it_goes_on) {
  one.hold(1);
  ASSERT_TRUE(both_caught_up());
  objdir.freeze();
  two.lookup(1, 500);
  ASSERT_TRUE(turn_until([&] { return !two.owner.located.empty(); }, 3000 * kSlowness));
  EXPECT_FALSE(two.owner.located[0].second.has_value());
  // Longer than anybody's lease.
  ASSERT_TRUE(turn_until([&] { return !one.client.connected() && !two.client.connected(); }));
  objdir.thaw();
  EXPECT_TRUE(look(1).has_value());
}

TEST_F(Directory, a_node_with_another_secret_is_kept_out_and_harms_nobody) {
  ASSERT_TRUE(both_caught_up());
  ClientNode stranger(3, objdir, "another one");
  stranger.hold(9);
  stranger.lookup(9, 1500);
  ASSERT_TRUE(turn_until([&] {
    stranger.turn();
    return !stranger.owner.located.empty();
  }));
  EXPECT_EQ(stranger.owner.located[0].second.error().code, ErrorCode::kDisconnected);
  EXPECT_FALSE(stranger.client.connected());
  EXPECT_EQ(look(9).error().code, ErrorCode::kNotFound);
}

TEST_F(Directory, garbage_on_its_port_costs_it_nothing) {
  one.hold(1);
  ASSERT_TRUE(both_caught_up());
  std::mt19937_64 random(test_seed());
  for (int times = 0; times < 20; times++) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(objdir.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    std::string bytes(random() % 4096, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    one.turn();
    two.turn();
  }
  EXPECT_TRUE(look(1).has_value());
  EXPECT_EQ(objdir.terminate(), 0);
}

}  // namespace
}  // namespace obj::directory
