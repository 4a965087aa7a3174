// SPDX-License-Identifier: Apache-2.0
// Peers in processes of their own: killed, stopped, and strangers on the port.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <random>

#include "base/unique_fd.hh"
#include "tests/fabric/ucx/peer_process.hh"
#include "tests/fabric/ucx/read_peer.hh"
#include "tests/seed.hh"

namespace obj {
namespace {

constexpr SourceNode kOwner{1, 10};
constexpr uint64_t kMs = 1'000'000;

TEST(PeerDeath, another_process_answers) {
  PeerProcess peer({"echo"});
  TestNode node({}, false);
  const PeerId id = node.dial(peer.address());
  EXPECT_TRUE(node.send(id, "hello"));
  ASSERT_TRUE(run_until({&node}, [&] { return !node.handler.messages.empty(); }));
  EXPECT_EQ(node.fabric->identity(id), (SourceNode{9, 90}));
}

TEST(PeerDeath, a_killed_peer_is_noticed) {
  PeerProcess peer({"echo"});
  TestNode node({}, false);
  const PeerId id = node.dial(peer.address());
  ASSERT_TRUE(run_until({&node}, [&] { return node.handler.up.contains(id); }));
  const uint64_t killed_ns = monotonic_ns();
  peer.signal(SIGKILL);
  ASSERT_TRUE(run_until({&node}, [&] { return node.handler.down.contains(id); }));
  EXPECT_LT(monotonic_ns() - killed_ns, 1000 * kMs);
  EXPECT_EQ(node.handler.down.at(id).code, ErrorCode::kDisconnected);
}

TEST(PeerDeath, a_stopped_peer_is_noticed_and_can_come_back) {
  PeerProcess peer({"echo"});
  TestNode node({}, false);
  const PeerId id = node.dial(peer.address());
  ASSERT_TRUE(run_until({&node}, [&] { return node.handler.up.contains(id); }));
  const uint64_t stopped_ns = monotonic_ns();
  peer.signal(SIGSTOP);
  ASSERT_TRUE(run_until({&node}, [&] { return node.handler.down.contains(id); }));
  EXPECT_LT(monotonic_ns() - stopped_ns, 1500 * kMs);
  peer.signal(SIGCONT);
  const PeerId again = node.dial(peer.address());
  EXPECT_TRUE(node.send(again, "hello again"));
  ASSERT_TRUE(run_until({&node}, [&] { return !node.handler.messages[again].empty(); }));
}

// Under load the send queue is full of what the stopped peer does not take.
TEST(PeerDeath, a_peer_stopped_under_load_is_noticed) {
  PeerProcess peer({"echo"});
  TestNode node({}, false);
  const PeerId id = node.dial(peer.address());
  ASSERT_TRUE(run_until({&node}, [&] { return node.handler.up.contains(id); }));
  peer.signal(SIGSTOP);
  const uint64_t stopped_ns = monotonic_ns();
  const std::vector<std::byte> message(60'000);
  ASSERT_TRUE(run_until({&node}, [&] {
    static_cast<void>(node.transport().send(id, message));
    return node.handler.down.contains(id);
  }));
  EXPECT_LT(monotonic_ns() - stopped_ns, 1500 * kMs);
}

// Posts reads of all of the owner's arena, does `what` to it in the middle, and waits for the end.
void read_while(const std::function<void(PeerProcess&)>& what, uint64_t ms_max) {
  constexpr uint64_t kChunks = 128;
  PeerProcess owner({"own", std::to_string(kChunks << 20)});
  ReadPeer reader({2, 20});
  reader.transport().connect(kOwner, owner.address());
  std::vector<std::byte> destination(kChunks << 20);
  for (uint64_t i = 0; i < kChunks; i++) {
    reader.read(kOwner, i, i << 20, std::span(destination).subspan(i << 20, 1 << 20));
  }
  ASSERT_TRUE(run_until({&reader}, [&] { return reader.completions.done >= 5; }));
  const uint64_t from_ns = monotonic_ns();
  what(owner);
  ASSERT_TRUE(run_until({&reader}, [&] { return reader.completions.done == kChunks; }));
  EXPECT_LT(monotonic_ns() - from_ns, ms_max * kMs);
  uint64_t failed = 0;
  for (const auto& [cookie, result] : reader.completions.reads) {
    if (!result) {
      failed++;
      EXPECT_EQ(result.error().code, ErrorCode::kDisconnected);
      continue;
    }
    for (uint64_t k = cookie << 20; k < (cookie + 1) << 20; k += 4093) {
      ASSERT_EQ(destination[k], arena_byte(k)) << "chunk " << cookie;
    }
  }
  EXPECT_GT(failed, 0u);
  // The destination is ours again: nothing may change in it any more.
  std::ranges::fill(destination, std::byte{0x5a});
  owner.signal(SIGCONT);
  EXPECT_FALSE(run_until({&reader}, [] { return false; }, 300));
  EXPECT_TRUE(
      std::ranges::all_of(destination, [](std::byte byte) { return byte == std::byte{0x5a}; }));
}

TEST(PeerDeath, reads_of_an_owner_that_is_killed_end) {
  read_while([](PeerProcess& owner) { owner.signal(SIGKILL); }, 1000);
}

TEST(PeerDeath, reads_of_an_owner_that_is_stopped_end) {
  read_while([](PeerProcess& owner) { owner.signal(SIGSTOP); }, 2000);
}

TEST(PeerDeath, the_owner_lets_go_when_its_reader_is_killed_or_stopped) {
  for (const int signal : {SIGKILL, SIGSTOP}) {
    constexpr uint64_t kArena = 32 << 20;
    ReadPeer owner(kOwner, kArena);
    PeerProcess reader({"read", owner.fabric->listen_address(), std::to_string(kArena)});
    ASSERT_TRUE(run_until({&owner}, [&] { return owner.source.holds() > 2; }));
    reader.signal(signal);
    ASSERT_TRUE(run_until({&owner}, [&] { return owner.source.holds() == 0; }, 5000)) << signal;
    // Not only between two reads.
    EXPECT_FALSE(run_until({&owner}, [&] { return owner.source.holds() > 0; }, 1500));
  }
}

UniqueFd tcp_to(const sockaddr_in& where) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)), 0);
  return fd;
}

// All TCP ports where this process listens: the fabrics' own, and those that UCX opened for data.
std::vector<sockaddr_in> listening_ports() {
  std::vector<sockaddr_in> ports;
  for (int fd = 0; fd < 1024; fd++) {
    int listens = 0;
    socklen_t size = sizeof(listens);
    sockaddr_in bound{};
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens) continue;
    size = sizeof(bound);
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) continue;
    if (bound.sin_family != AF_INET) continue;
    if (bound.sin_addr.s_addr == INADDR_ANY) bound.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ports.push_back(bound);
  }
  return ports;
}

std::vector<unsigned char> garbage(int kind, std::mt19937_64& random) {
  std::vector<unsigned char> bytes(17 + random() % 4000);
  for (auto& byte : bytes) byte = kind == 0 ? 0 : static_cast<unsigned char>(random());
  if (kind == 1) {
    constexpr std::string_view kHttp = "GET / HTTP/1.1\r\nHost: node7\r\n\r\n";
    bytes.assign(kHttp.begin(), kHttp.end());
  }
  return bytes;
}

TEST(PeerDeath, garbage_on_any_port_harms_nobody) {
  std::mt19937_64 random(test_seed());
  TestNode server, client;
  const PeerId peer = client.dial(server);
  ASSERT_TRUE(run_until({&server, &client}, [&] { return client.handler.up.contains(peer); }));
  const auto ports = listening_ports();
  EXPECT_GE(ports.size(), 3u) << "the two fabrics', and UCX's";
  std::vector<UniqueFd> strangers;
  for (int i = 0; i < 24; i++) {
    for (const sockaddr_in& port : ports) {
      strangers.push_back(tcp_to(port));
      const auto bytes = garbage(i % 3, random);
      static_cast<void>(::send(strangers.back().get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
      if (i % 8 >= 4) strangers.pop_back();
    }
    server.turn();
    client.turn();
  }
  EXPECT_FALSE(run_until({&server, &client}, [&] { return !client.handler.down.empty(); }, 500));
  strangers.clear();
  EXPECT_TRUE(client.send(peer, "still here"));
  ASSERT_TRUE(run_until({&server, &client}, [&] { return !server.handler.messages.empty(); }));
  EXPECT_TRUE(client.handler.down.empty());
  EXPECT_EQ(server.handler.up.size(), 1u);
  const PeerId another = client.dial(server);
  ASSERT_TRUE(run_until({&server, &client}, [&] { return client.handler.up.contains(another); }));
}

}  // namespace
}  // namespace obj
