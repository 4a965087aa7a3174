// SPDX-License-Identifier: Apache-2.0
// Goal: two daemons that find that they share a host read each other's memory; nobody else gets
// it; each read and check completes exactly once, whatever happens to the owner.
//
// The sockets and the memory are real. The messages are not: FakeWire carries them between the two
// of this test, whose identities it knows.
#include "node/same_host/same_host_reads.hh"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.hh"
#include "base/packet.hh"
#include "node/same_host/abstract_address.hh"
#include "tests/node/same_host_memory.hh"

namespace obj {
namespace {

constexpr SourceNode kReader{1, 11};
constexpr SourceNode kOwner{2, 22};
constexpr uint64_t kSecondNs = 1'000'000'000;
const ObjectId kId = object_id_from_name("object");
using Bytes = std::vector<std::byte>;

// One end of a connection between two nodes: dial() reaches `other`, if it is set.
class FakeWire final : public MessageTransport {
 public:
  struct Event {
    enum class Kind { kUp, kMessage, kDown } kind;
    PeerId peer;
    bool is_ours = false;
    Bytes message{};
  };

  Result<PeerId> dial(const std::string&) override {
    const PeerId peer = next_peer_++;
    dials++;
    if (other == nullptr) {
      events.push_back({Event::Kind::kDown, peer});
      return peer;
    }
    const PeerId theirs = other->next_peer_++;
    peers_[peer] = theirs;
    other->peers_[theirs] = peer;
    events.push_back({Event::Kind::kUp, peer, true});
    other->events.push_back({Event::Kind::kUp, theirs, false});
    return peer;
  }
  Result<void> send(PeerId peer, std::span<const std::byte> message) override {
    other->events.push_back(
        {Event::Kind::kMessage, peers_.at(peer), false, Bytes(message.begin(), message.end())});
    return {};
  }
  void hang_up(PeerId peer) override {
    const auto node = peers_.extract(peer);
    if (node.empty()) return;
    other->peers_.erase(node.mapped());
    events.push_back({Event::Kind::kDown, peer});
    other->events.push_back({Event::Kind::kDown, node.mapped()});
  }
  bool knows(PeerId peer) const { return peers_.contains(peer); }

  FakeWire* other = nullptr;
  std::deque<Event> events;
  uint32_t dials = 0;
  std::vector<Bytes> heard;  // all messages

 private:
  PeerId next_peer_ = 1;
  std::map<PeerId, PeerId> peers_;  // the number of the same connection at the other end
};

struct Completions final : ReadCompletions {
  void on_read_done(ReadCookie cookie, const Result<ReadProof>& result) override {
    EXPECT_TRUE(reads.emplace(cookie, result).second) << "told twice";
  }
  void on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) override {
    EXPECT_TRUE(checks.emplace(cookie, result).second) << "told twice";
  }
  std::map<ReadCookie, Result<ReadProof>> reads;
  std::map<ReadCookie, Result<SlotSighting>> checks;
};

class Daemon {
 public:
  Daemon(SourceNode self, SourceNode other, bool is_on = true)
      : memory(std::make_unique<SameHostMemory>(self.incarnation)),
        others_identity(other),
        reads({.messages = wire,
               .identity = [this](PeerId) { return std::optional(others_identity); },
               .completions = completions,
               .memory = memory->files(),
               .reactor = reactor},
              {.is_on = is_on}) {
    EXPECT_TRUE(reactor.add(reads));
    EXPECT_TRUE(reads.start());
  }

  void turn(uint64_t now_ns) {
    while (!wire.events.empty()) {
      const FakeWire::Event event = wire.events.front();
      wire.events.pop_front();
      switch (event.kind) {
        case FakeWire::Event::Kind::kUp: reads.on_peer_up(event.peer, event.is_ours); break;
        case FakeWire::Event::Kind::kMessage:
          if (!wire.knows(event.peer)) break;
          wire.heard.push_back(event.message);
          reads.on_message(event.peer, event.message);
          break;
        case FakeWire::Event::Kind::kDown:
          reads.on_peer_down(event.peer, Error{ErrorCode::kDisconnected, 0, "test"});
          break;
      }
    }
    reactor.run_once(0);
    reads.step(now_ns);
  }

  Reactor reactor = *Reactor::create();
  FakeWire wire;
  Completions completions;
  std::unique_ptr<SameHostMemory> memory;
  SourceNode others_identity;
  SameHostReads reads;
};

class SameHostReadsTest : public testing::Test {
 protected:
  void start(bool reader_is_on = true, bool owner_is_on = true) {
    reader_ = std::make_unique<Daemon>(kReader, kOwner, reader_is_on);
    owner_ = std::make_unique<Daemon>(kOwner, kReader, owner_is_on);
    reader_->wire.other = &owner_->wire;
    owner_->wire.other = &reader_->wire;
  }
  void start_and_connect() {
    start();
    reader_->reads.connect(kOwner, "owner:1");
    ASSERT_TRUE(turn_until([this] { return reader_->reads.reaches(kOwner); }));
  }
  template <class Condition>
  bool turn_until(const Condition& condition) {
    for (int i = 0; i < 200 && !condition(); i++) turn();
    return condition();
  }
  // The owner may be gone.
  void turn() {
    now_ns_ += 1'000'000;
    reader_->turn(now_ns_);
    if (owner_) owner_->turn(now_ns_);
  }

  uint64_t now_ns_ = 1;
  std::unique_ptr<Daemon> owner_;
  std::unique_ptr<Daemon> reader_;
};

TEST_F(SameHostReadsTest, reads_and_checks_come_from_the_owners_memory_without_its_help) {
  start_and_connect();
  const Bytes data(3'000'000, std::byte{9});
  const RemoteCopy copy = owner_->memory->put(kOwner, kId, 1 << 20, data);
  Bytes bytes(data.size());
  reader_->reads.post_read(order_of(copy, 1, bytes));
  reader_->reads.post_check({.cookie = 2, .copy = copy});
  EXPECT_TRUE(reader_->completions.reads.empty()) << "from inside the call";
  EXPECT_FALSE(reader_->reads.arm());
  // More than a turn's worth: local clients are served in between.
  EXPECT_GT(reader_->reads.progress(64), 0u);
  EXPECT_TRUE(reader_->completions.reads.empty());
  for (int i = 0; i < 3; i++) reader_->reads.progress(64);
  EXPECT_EQ(reader_->completions.reads.at(1), ReadProof::kSameGeneration);
  EXPECT_EQ(reader_->completions.checks.at(2)->ready_bytes, data.size());
  EXPECT_TRUE(bytes == data);
  EXPECT_TRUE(reader_->reads.arm());
}

TEST_F(SameHostReadsTest, an_owner_that_hangs_up_is_let_go_of_and_not_asked_again) {
  start_and_connect();
  const RemoteCopy copy = owner_->memory->put(kOwner, kId, 0, Bytes(100));
  Bytes bytes(100);
  reader_->reads.post_read(order_of(copy, 1, bytes));
  reader_->wire.other = nullptr;
  owner_.reset();
  turn();
  // Posted before: still good. The mapping outlives its owner.
  EXPECT_TRUE(reader_->completions.reads.at(1).has_value());
  EXPECT_TRUE(turn_until([this] { return !reader_->reads.reaches(kOwner); }));
  reader_->reads.post_read(order_of(copy, 2, bytes));
  turn();
  EXPECT_EQ(reader_->completions.reads.at(2).error().code, ErrorCode::kDisconnected);
  EXPECT_EQ(reader_->reads.next_step_ns(), kForeverNs);
}

TEST_F(SameHostReadsTest, a_copy_that_is_gone_is_stale) {
  start_and_connect();
  const RemoteCopy copy = owner_->memory->put(kOwner, kId, 0, Bytes(100));
  owner_->memory->evict(copy.slot);
  Bytes bytes(100);
  reader_->reads.post_read(order_of(copy, 1, bytes));
  reader_->reads.post_check({.cookie = 2, .copy = copy});
  turn();
  EXPECT_EQ(reader_->completions.reads.at(1).error().code, ErrorCode::kStale);
  EXPECT_EQ(reader_->completions.checks.at(2).error().code, ErrorCode::kStale);
}

TEST_F(SameHostReadsTest, a_copy_reused_between_two_turns_of_its_read_is_stale) {
  start_and_connect();
  const RemoteCopy copy = owner_->memory->put(kOwner, kId, 0, Bytes(3'000'000));
  Bytes bytes(3'000'000);
  reader_->reads.post_read(order_of(copy, 1, bytes));
  reader_->reads.progress(64);
  owner_->memory->evict(copy.slot);
  owner_->memory->put(kOwner, object_id_from_name("other"), 0, Bytes(3'000'000, std::byte{1}));
  for (int i = 0; i < 3; i++) reader_->reads.progress(64);
  EXPECT_EQ(reader_->completions.reads.at(1).error().code, ErrorCode::kStale);
}

TEST_F(SameHostReadsTest, a_copy_that_is_about_to_go_is_waited_for_and_holds_up_nobody) {
  start_and_connect();
  const RemoteCopy stays = owner_->memory->put(kOwner, kId, 0, Bytes(100));
  const ObjectId other = object_id_from_name("other");
  const RemoteCopy plain = owner_->memory->put(kOwner, other, 4096, Bytes(100));
  owner_->memory->table().begin_eviction(stays.slot);
  Bytes bytes(100), more(100);
  reader_->reads.post_read(order_of(stays, 1, bytes));
  reader_->reads.post_read(order_of(plain, 2, more));
  reader_->reads.progress(64);
  EXPECT_FALSE(reader_->completions.reads.contains(1));
  EXPECT_TRUE(reader_->completions.reads.at(2).has_value());
  owner_->memory->table().cancel_eviction(stays.slot);
  reader_->reads.progress(64);
  EXPECT_TRUE(reader_->completions.reads.at(1).has_value());
  // Deleted, and held by a view of its own node: not for long.
  owner_->memory->table().begin_eviction(stays.slot);
  reader_->reads.post_read(order_of(stays, 3, bytes));
  const uint64_t until_ns = monotonic_ns() + kSecondNs;
  while (!reader_->completions.reads.contains(3) && monotonic_ns() < until_ns) {
    reader_->reads.progress(64);
  }
  EXPECT_EQ(reader_->completions.reads.at(3).error().code, ErrorCode::kStale);
}

TEST_F(SameHostReadsTest, hurried_reads_complete_without_touching_their_destination_again) {
  start_and_connect();
  const RemoteCopy copy = owner_->memory->put(kOwner, kId, 0, Bytes(100, std::byte{3}));
  Bytes bytes(100);
  reader_->reads.post_read(order_of(copy, 1, bytes));
  reader_->reads.hurry(1);
  reader_->reads.hurry(99);
  turn();
  EXPECT_EQ(reader_->completions.reads.at(1).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(bytes, Bytes(100));
}

TEST_F(SameHostReadsTest, forgetting_a_node_ends_its_reads_and_gives_its_memory_back) {
  start_and_connect();
  const RemoteCopy copy = owner_->memory->put(kOwner, kId, 0, Bytes(100));
  Bytes bytes(100);
  reader_->reads.post_read(order_of(copy, 1, bytes));
  EXPECT_EQ(owner_->reads.readers(), 1u);
  reader_->reads.forget(kOwner);
  turn();
  EXPECT_EQ(reader_->completions.reads.at(1).error().code, ErrorCode::kDisconnected);
  EXPECT_TRUE(turn_until([this] { return owner_->reads.readers() == 0; }));
}

TEST_F(SameHostReadsTest, off_means_neither_asking_nor_giving) {
  start(true, false);
  reader_->reads.connect(kOwner, "owner:1");
  for (int i = 0; i < 50; i++) turn();
  EXPECT_FALSE(reader_->reads.reaches(kOwner));
  EXPECT_EQ(reader_->wire.dials, 1u);
  start(false, true);
  reader_->reads.connect(kOwner, "owner:1");
  turn();
  EXPECT_EQ(reader_->wire.dials, 0u);
}

TEST_F(SameHostReadsTest, another_host_is_told_nothing) {
  start();
  reader_->reads.connect(kOwner, "owner:1");
  owner_->wire.events.clear();
  reader_->turn(1);
  ASSERT_FALSE(owner_->wire.events.empty());
  Bytes& ask = owner_->wire.events.back().message;
  ask.at(8) ^= std::byte{1};  // of the boot id
  for (int i = 0; i < 50; i++) turn();
  EXPECT_FALSE(reader_->reads.reaches(kOwner));
  const auto answer = same_host::decode<same_host::Answer>(reader_->wire.heard.at(0));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->verdict, same_host::Verdict::kElsewhere);
  EXPECT_EQ(answer->key, same_host::Key{});
  EXPECT_EQ(answer->socket_name, same_host::SocketName{});
}

TEST_F(SameHostReadsTest, whoever_answers_in_the_name_of_another_is_not_believed) {
  start();
  reader_->others_identity = {kOwner.node, kOwner.incarnation + 1};
  reader_->reads.connect(kOwner, "owner:1");
  for (int i = 0; i < 50; i++) turn();
  EXPECT_FALSE(reader_->reads.reaches(kOwner));
  EXPECT_EQ(owner_->wire.heard.size(), 0u);
}

TEST_F(SameHostReadsTest, an_owner_that_cannot_be_reached_is_tried_a_bounded_number_of_times) {
  start();
  reader_->wire.other = nullptr;
  reader_->reads.connect(kOwner, "owner:1");
  for (int i = 0; i < 1000; i++) {
    now_ns_ += kSecondNs;
    turn();
  }
  EXPECT_GT(reader_->wire.dials, 1u);
  EXPECT_LT(reader_->wire.dials, 20u);
  EXPECT_EQ(reader_->reads.next_step_ns(), kForeverNs);
}

// A process of our own user, which so passes the door, but was given no key.
TEST_F(SameHostReadsTest, a_stranger_at_the_socket_gets_nothing) {
  start_and_connect();
  const auto answer = same_host::decode<same_host::Answer>(reader_->wire.heard.at(0));
  ASSERT_TRUE(answer);
  const AbstractAddress address(answer->socket_name);
  // The key was good once. Then: another key, garbage, nothing at all.
  same_host::Knock used, wrong;
  used.key = answer->key;
  wrong.key.fill(0);
  for (const Bytes& knock :
       {Bytes(same_host::bytes_of(used).begin(), same_host::bytes_of(used).end()),
        Bytes(same_host::bytes_of(wrong).begin(), same_host::bytes_of(wrong).end()), Bytes(7),
        Bytes()}) {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(socket.get(), address.get(), address.size()), 0);
    ASSERT_TRUE(knock.empty() || send_packet(socket.get(), knock, {}));
    Bytes heard(100);
    Result<Packet> packet = std::unexpected(Error{ErrorCode::kTimeout});
    ASSERT_TRUE(turn_until([&] {
      now_ns_ += kSecondNs / 2;
      packet = receive_packet(socket.get(), heard.data(), heard.size(), 0);
      return packet || packet.error().code != ErrorCode::kTimeout;
    }));
    EXPECT_FALSE(packet) << "got " << packet->size_bytes << " bytes";
  }
  EXPECT_EQ(owner_->reads.readers(), 1u);
}

TEST_F(SameHostReadsTest, garbage_in_messages_costs_its_connection) {
  start();
  FakeWire& stranger = reader_->wire;
  const PeerId peer = *stranger.dial("owner:1");
  ASSERT_TRUE(stranger.send(peer, Bytes(32)));
  owner_->turn(1);
  EXPECT_FALSE(stranger.knows(peer));
}

}  // namespace
}  // namespace obj
