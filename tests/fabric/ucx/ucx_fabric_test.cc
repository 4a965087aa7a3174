// SPDX-License-Identifier: Apache-2.0
// What two fabrics of one process promise each other over TCP on the loopback interface: messages
// whole and in order, refusals that say why, limits, and an end to everything.
#include "fabric/ucx/ucx_fabric.hh"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/reactor.hh"
#include "tests/fabric/ucx/test_node.hh"

namespace obj {
namespace {

TEST(UcxFabric, carries_messages_both_ways_and_names_both_sides) {
  TestNode server({.self = {1, 100}});
  TestNode client({.self = {2, 200}}, false);
  server.handler.when_message = [&](PeerId peer, auto message) {
    EXPECT_TRUE(server.transport().send(peer, message).has_value());
  };
  const PeerId peer = client.dial(server);
  EXPECT_TRUE(client.send(peer, "sent before it is up"));
  ASSERT_TRUE(run_until({&server, &client}, [&] { return !client.handler.messages.empty(); }));
  EXPECT_EQ(client.handler.messages[peer], std::vector<std::string>{"sent before it is up"});
  EXPECT_TRUE(client.handler.up.at(peer));
  EXPECT_FALSE(server.handler.up.begin()->second);
  EXPECT_EQ(client.fabric->identity(peer), (SourceNode{1, 100}));
  EXPECT_EQ(server.fabric->identity(server.handler.up.begin()->first), (SourceNode{2, 200}));
}

TEST(UcxFabric, keeps_the_order_of_messages_of_all_sizes) {
  TestNode server, client;
  const PeerId peer = client.dial(server);
  const std::vector<size_t> sizes{0, 1, 8, 100, 4096, 8000, 8192, 9000, 65536, 3, 40000, 65535};
  std::vector<std::string> sent;
  for (int round = 0; round < 20; round++) {
    for (const size_t size : sizes) {
      sent.emplace_back(size, static_cast<char>('a' + sent.size() % 26));
      ASSERT_TRUE(client.send(peer, sent.back()));
    }
  }
  ASSERT_TRUE(run_until({&server, &client}, [&] {
    return !server.handler.messages.empty() &&
           server.handler.messages.begin()->second.size() == sent.size();
  }));
  EXPECT_EQ(server.handler.messages.begin()->second, sent);
}

TEST(UcxFabric, refuses_what_is_longer_than_a_message) {
  TestNode server, client;
  const PeerId peer = client.dial(server);
  const std::vector<std::byte> message(MessageTransport::kMessageBytesMax + 1);
  EXPECT_EQ(client.transport().send(peer, message).error().code, ErrorCode::kTooLarge);
}

TEST(UcxFabric, has_many_peers) {
  TestNode server;
  std::vector<std::unique_ptr<TestNode>> clients;
  for (uint32_t i = 0; i < 20; i++) {
    clients.push_back(std::make_unique<TestNode>(UcxFabricOptions{.self = {i + 10, 1}}, false));
    const PeerId peer = clients.back()->dial(server);
    EXPECT_TRUE(clients.back()->send(peer, std::to_string(i)));
  }
  ASSERT_TRUE(run_until({&server}, [&] {
    for (const auto& client : clients) client->turn();
    return server.handler.messages.size() == clients.size();
  }));
  for (const auto& [peer, messages] : server.handler.messages) {
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(std::to_string(server.fabric->identity(peer)->node - 10), messages[0]);
  }
}

TEST(UcxFabric, two_that_dial_each_other_at_once_have_two_connections) {
  TestNode left, right;
  const PeerId to_right = left.dial(right);
  const PeerId to_left = right.dial(left);
  EXPECT_TRUE(left.send(to_right, "from left"));
  EXPECT_TRUE(right.send(to_left, "from right"));
  ASSERT_TRUE(run_until({&left, &right}, [&] {
    return !left.handler.messages.empty() && !right.handler.messages.empty();
  }));
  EXPECT_EQ(left.handler.up.size(), 2u);
  EXPECT_EQ(right.handler.up.size(), 2u);
}

TEST(UcxFabric, can_dial_itself) {
  TestNode node;
  const PeerId peer = node.dial(node);
  EXPECT_TRUE(node.send(peer, "hello me"));
  ASSERT_TRUE(run_until({&node}, [&] { return !node.handler.messages.empty(); }));
  EXPECT_EQ(node.handler.up.size(), 2u);
}

TEST(UcxFabric, tells_services_apart) {
  RecordingHandler directory;
  TestNode server, client;
  server.fabric->attach(Service::kDirectory, directory);
  RecordingHandler asker;
  client.fabric->attach(Service::kDirectory, asker);
  MessageTransport& to_directory = client.fabric->transport(Service::kDirectory);
  const auto peer = to_directory.dial(server.fabric->listen_address());
  ASSERT_TRUE(peer && to_directory.send(*peer, bytes_of("for the directory")).has_value());
  ASSERT_TRUE(run_until({&server, &client}, [&] { return !directory.messages.empty(); }));
  EXPECT_TRUE(server.handler.up.empty());
  EXPECT_TRUE(client.handler.up.empty());
}

TEST(UcxFabric, refuses_a_service_that_nobody_attached) {
  TestNode server, client;
  RecordingHandler reads;
  client.fabric->attach(Service::kReads, reads);
  const auto peer = client.fabric->transport(Service::kReads).dial(server.fabric->listen_address());
  ASSERT_TRUE(run_until({&server, &client}, [&] { return !reads.down.empty(); }));
  EXPECT_EQ(reads.down.at(*peer).code, ErrorCode::kInvalid);
  EXPECT_NE(reads.down.at(*peer).where.find("service"), std::string::npos);
}

// The dialler's word to its user; nobody is up on either side.
RecordingHandler::Down refusal_between(const UcxFabricOptions& listens,
                                       const UcxFabricOptions& dials) {
  TestNode server(listens);
  TestNode client(dials, false);
  const PeerId peer = client.dial(server);
  EXPECT_TRUE(client.send(peer, "must not arrive"));
  EXPECT_TRUE(run_until({&server, &client}, [&] { return !client.handler.down.empty(); }));
  EXPECT_TRUE(server.handler.up.empty() && client.handler.up.empty());
  EXPECT_TRUE(server.handler.down.empty()) << "told of the end of what it never knew";
  return client.handler.down[peer];
}

TEST(UcxFabric, a_wrong_secret_is_refused_and_says_what_to_mend) {
  for (const auto& [ours, theirs] : {std::pair{"right", "wrong"}, {"", "x"}, {"x", ""}}) {
    const auto down = refusal_between({.secret = ours}, {.secret = theirs});
    EXPECT_EQ(down.code, ErrorCode::kInvalid);
    EXPECT_NE(down.where.find("cluster_secret_file"), std::string::npos) << down.where;
  }
}

TEST(UcxFabric, dialling_a_closed_port_ends_with_a_reason) {
  std::string address;
  {
    TestNode gone;
    address = gone.fabric->listen_address();
  }
  TestNode client({}, false);
  const PeerId peer = client.dial(address);
  ASSERT_TRUE(run_until({&client}, [&] { return !client.handler.down.empty(); }));
  EXPECT_EQ(client.handler.down.at(peer).code, ErrorCode::kDisconnected);
  EXPECT_EQ(client.transport().send(peer, {}).error().code, ErrorCode::kDisconnected);
}

TEST(UcxFabric, nonsense_addresses_are_invalid_at_once) {
  TestNode client({}, false);
  for (const char* text : {"", "nonsense", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999",
                           "127.0.0.1:1x", "[]:5", "no such host.invalid:1"}) {
    const auto peer = client.transport().dial(text);
    ASSERT_FALSE(peer.has_value()) << text;
    EXPECT_EQ(peer.error().code, ErrorCode::kInvalid) << text;
  }
}

TEST(UcxFabric, hang_up_ends_both_sides_once) {
  TestNode server, client;
  const PeerId peer = client.dial(server);
  ASSERT_TRUE(run_until({&server, &client}, [&] { return !server.handler.up.empty(); }));
  client.transport().hang_up(peer);
  client.transport().hang_up(peer);
  EXPECT_TRUE(client.handler.down.empty()) << "from inside the call";
  ASSERT_TRUE(run_until({&server, &client}, [&] {
    return !server.handler.down.empty() && !client.handler.down.empty();
  }));
  EXPECT_EQ(client.handler.down.at(peer).code, ErrorCode::kCancelled);
  EXPECT_EQ(server.handler.down.begin()->second.code, ErrorCode::kDisconnected);
  client.transport().hang_up(peer);
}

TEST(UcxFabric, hang_up_from_inside_a_message_is_fine) {
  TestNode server, client;
  server.handler.when_message = [&](PeerId peer, auto) { server.transport().hang_up(peer); };
  const PeerId peer = client.dial(server);
  EXPECT_TRUE(client.send(peer, "go away"));
  EXPECT_TRUE(run_until({&server, &client}, [&] { return !client.handler.down.empty(); }));
}

TEST(UcxFabric, a_peer_that_does_not_read_fills_its_own_queue_only) {
  TestNode slow, quick;
  TestNode client({.queue_bytes_max = 1 << 20}, false);
  const PeerId to_slow = client.dial(slow);
  const PeerId to_quick = client.dial(quick);
  ASSERT_TRUE(run_until({&slow, &quick, &client}, [&] { return client.handler.up.size() == 2; }));
  const std::vector<std::byte> message(MessageTransport::kMessageBytesMax);
  size_t taken = 0;
  Result<void> sent;
  while (sent && taken < 10'000) {
    sent = client.transport().send(to_slow, message);
    taken++;
    client.fabric->progress(64);
  }
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().code, ErrorCode::kLimit);
  EXPECT_TRUE(client.send(to_quick, "still here"));
  ASSERT_TRUE(run_until({&quick, &client}, [&] { return !quick.handler.messages.empty(); }, 500));
  // Once it reads, what was taken arrives whole, and there is room again.
  ASSERT_TRUE(run_until({&slow, &client}, [&] {
    return !slow.handler.messages.empty() &&
           slow.handler.messages.begin()->second.size() == taken - 1;
  }));
  EXPECT_TRUE(client.transport().send(to_slow, message).has_value());
}

TEST(UcxFabric, a_peer_that_stops_is_noticed_within_a_second) {
  TestNode server, client;
  const PeerId peer = client.dial(server);
  ASSERT_TRUE(run_until({&server, &client}, [&] { return !server.handler.up.empty(); }));
  const uint64_t stopped_ns = monotonic_ns();
  ASSERT_TRUE(run_until({&client}, [&] { return !client.handler.down.empty(); }));
  EXPECT_LT(monotonic_ns() - stopped_ns, 1'500'000'000u);
  EXPECT_GT(monotonic_ns() - stopped_ns, 500'000'000u);
  EXPECT_EQ(client.handler.down.at(peer).code, ErrorCode::kDisconnected);
}

TEST(UcxFabric, an_idle_connection_stays_up) {
  TestNode server({.heartbeat_period_ms = 40});
  TestNode client({.heartbeat_period_ms = 40}, false);
  client.dial(server);
  ASSERT_TRUE(run_until({&server, &client}, [&] { return !server.handler.up.empty(); }));
  EXPECT_FALSE(run_until({&server, &client}, [&] { return !client.handler.down.empty(); }, 1000));
  EXPECT_TRUE(server.handler.down.empty());
}

TEST(UcxFabric, a_dialler_that_says_nothing_is_dropped) {
  // Accepts on UCX's level only: this listener's fabric never runs its handshake.
  TestNode server;
  TestNode client({.connect_timeout_ms = 300}, false);
  const PeerId peer = client.dial(server);
  ASSERT_TRUE(run_until({&client}, [&] { return !client.handler.down.empty(); }, 3000));
  EXPECT_EQ(client.handler.down.at(peer).code, ErrorCode::kTimeout);
}

TEST(UcxFabric, a_listener_can_be_restarted_on_its_port) {
  std::string address;
  TestNode client({}, false);
  for (int round = 0; round < 3; round++) {
    TestNode server({.listen = address.empty() ? "127.0.0.1:0" : address});
    address = server.fabric->listen_address();
    const PeerId peer = client.dial(server);
    ASSERT_TRUE(run_until({&server, &client}, [&] { return client.handler.up.contains(peer); }));
  }
}

TEST(UcxFabric, a_port_in_use_is_an_error) {
  TestNode server;
  const auto second = UcxFabric::create({.listen = server.fabric->listen_address()});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().system_errno, EADDRINUSE);
}

TEST(UcxFabric, can_be_destroyed_with_traffic_in_flight) {
  for (int round = 0; round < 5; round++) {
    auto server = std::make_unique<TestNode>();
    auto client = std::make_unique<TestNode>();
    const PeerId peer = client->dial(*server);
    const PeerId dying = client->dial(*server);
    ASSERT_TRUE(
        run_until({server.get(), client.get()}, [&] { return server->handler.up.size() == 2; }));
    const std::vector<std::byte> message(MessageTransport::kMessageBytesMax);
    for (int i = 0; i < 200; i++) {
      ASSERT_TRUE(client->transport().send(i % 2 ? peer : dying, message).has_value());
    }
    client->dial(*server);  // half-way through its handshake
    server->turn();
    round % 2 ? server.reset() : client.reset();
  }
}

TEST(UcxFabric, takes_no_more_connections_than_it_may) {
  TestNode server({.peers_max = 2});
  TestNode client({}, false);
  client.dial(server);
  client.dial(server);
  ASSERT_TRUE(run_until({&server, &client}, [&] { return client.handler.up.size() == 2; }));
  const PeerId third = client.dial(server);
  ASSERT_TRUE(run_until({&server, &client}, [&] { return !client.handler.down.empty(); }));
  EXPECT_TRUE(client.handler.down.contains(third));
}

uint64_t cpu_us() {
  rusage used;
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& t) { return t.tv_sec * 1'000'000 + t.tv_usec; };
  return static_cast<uint64_t>(us(used.ru_utime) + us(used.ru_stime));
}

TEST(UcxFabric, sleeps_while_it_is_idle) {
  TestNode server, client;
  client.dial(server);
  ASSERT_TRUE(run_until({&server, &client}, [&] { return !server.handler.up.empty(); }));
  auto reactor = Reactor::create();
  ASSERT_TRUE(reactor.has_value());
  ASSERT_TRUE(reactor->add(*server.fabric).has_value());
  ASSERT_TRUE(reactor->add(*client.fabric).has_value());
  const uint64_t from_ns = monotonic_ns();
  const uint64_t from_cpu_us = cpu_us();
  uint64_t now_ns = from_ns;
  while (now_ns < from_ns + 2'000'000'000) {
    const uint64_t next_ns = std::min(server.fabric->next_step_ns(), client.fabric->next_step_ns());
    reactor->run_once(next_ns > now_ns ? static_cast<int>((next_ns - now_ns) / 1'000'000) + 1 : 0);
    now_ns = monotonic_ns();
    server.fabric->step(now_ns);
    client.fabric->step(now_ns);
  }
  EXPECT_TRUE(server.handler.down.empty());
  EXPECT_LT(cpu_us() - from_cpu_us, 100'000u) << "of 2 s";
}

}  // namespace
}  // namespace obj
