// SPDX-License-Identifier: Apache-2.0
// Readers and an owner on fake devices: whatever fails and whenever, each read completes exactly
// once, with the right bytes or an error, and paths come back when the faults end.
#include "fabric/verbs/verbs_reads.hh"

#include <gtest/gtest.h>

#include "fabric/verbs/verbs_refusal.hh"
#include "tests/fabric/verbs/fake_adapter.hh"
#include "tests/fabric/verbs/test_table.hh"
#include "tests/seed.hh"

namespace obj::verbs {
namespace {

constexpr SourceNode kOwner{1, 10};
constexpr SourceNode kReader{2, 20};
constexpr uint64_t kMs = 1'000'000;

class OnceCompletions : public ReadCompletions {
 public:
  void on_read_done(ReadCookie cookie, const Result<ReadProof>& result) override {
    EXPECT_TRUE(reads.emplace(cookie, result).second) << "completed twice";
  }
  void on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) override {
    EXPECT_TRUE(checks.emplace(cookie, result).second) << "completed twice";
  }
  size_t done() const { return reads.size() + checks.size(); }

  std::map<ReadCookie, Result<ReadProof>> reads;
  std::map<ReadCookie, Result<SlotSighting>> checks;
};

struct FakeNode {
  FakeNode(FakeWire& wire, SourceNode self) : table(self), messages(self) {
    const auto make = [&](std::span<std::byte>, std::span<AdapterEvents* const> events) {
      auto fake = std::make_unique<FakeAdapter>(wire, table, *events[0]);
      adapter = fake.get();
      std::vector<std::unique_ptr<Adapter>> adapters;
      adapters.push_back(std::move(fake));
      return std::expected<std::vector<std::unique_ptr<Adapter>>, std::string>(std::move(adapters));
    };
    auto made = VerbsReads::create_over(
        {.devices = {}, .address = {}}, make, messages,
        [this](PeerId peer) { return messages.identity(peer); }, table, completions);
    reads = std::move(*made);
    messages.attach(*reads);
  }
  ReadTransport& transport() { return reads->transport(); }
  std::span<std::byte> landing() { return table.arena().subspan(table.arena().size() / 2); }
  void read(ReadCookie cookie, uint64_t offset, std::span<std::byte> destination) {
    transport().post_read({.cookie = cookie,
                           .copy = {.node = kOwner, .id = {}},
                           .object_offset = offset,
                           .size_bytes = static_cast<uint32_t>(destination.size()),
                           .destination = destination.data()});
  }
  void turn(uint64_t now_ns) {
    messages.deliver();
    adapter->progress();
    reads->progress(64);
    reads->step(now_ns);
  }
  PathState path() const { return *reads->reader().path_state(kOwner); }

  TestTable table;
  OnceCompletions completions;
  FakeMessages messages;
  FakeAdapter* adapter = nullptr;
  std::unique_ptr<VerbsReads> reads;
};

class VerbsReadsOnFakes : public testing::Test {
 protected:
  VerbsReadsOnFakes() {
    reader.messages.know("owner:1", owner.messages);
    reader.transport().connect(kOwner, "owner:1");
  }
  bool run_until(const std::function<bool()>& done, int turns = 20'000) {
    for (int i = 0; i < turns && !done(); i++) turn();
    return done();
  }
  void turn() {
    now_ns += kMs;
    reader.turn(now_ns);
    owner.turn(now_ns);
  }
  bool is_arena(std::span<const std::byte> got, uint64_t from) const {
    return std::memcmp(got.data(), owner.table.arena().data() + from, got.size()) == 0;
  }

  FakeWire wire;
  uint64_t now_ns = 0;
  FakeNode owner{wire, kOwner};
  FakeNode reader{wire, kReader};
};

TEST_F(VerbsReadsOnFakes, reads_wait_for_the_path_and_are_cut_to_what_a_work_takes) {
  reader.read(1, 12'345, reader.landing().first(300'000));
  EXPECT_EQ(reader.path(), PathState::kConnecting);
  ASSERT_TRUE(run_until([&] { return reader.completions.done() == 1; }));
  EXPECT_TRUE(reader.completions.reads.at(1).has_value());
  EXPECT_TRUE(is_arena(reader.landing().first(300'000), 12'345));
  EXPECT_EQ(reader.path(), PathState::kUp);
}

TEST_F(VerbsReadsOnFakes, the_second_gid_is_tried_when_the_first_leads_nowhere) {
  wire.fail_works = 1;
  for (int i = 0; i < 3; i++) turn();
  ASSERT_TRUE(run_until([&] { return wire.last_queue_number >= 4; }));
  wire.fail_works = 0;
  ASSERT_TRUE(run_until([&] { return reader.path() == PathState::kUp; }));
}

TEST_F(VerbsReadsOnFakes, names_all_that_was_tried_when_nothing_leads_to_the_owner) {
  wire.fail_works = 1;
  reader.read(1, 0, reader.landing().first(100));
  ASSERT_TRUE(run_until([&] { return reader.completions.done() == 1; }));
  EXPECT_EQ(reader.completions.reads.at(1).error().code, ErrorCode::kDisconnected);
  const std::string why = reader.reads->reader().paths().front().text;
  EXPECT_NE(why.find("fake0:1 RoCEv2 IPv4 10.0.0.1"), std::string::npos) << why;
  EXPECT_NE(why.find("RoCEv2 link-local"), std::string::npos) << why;
}

TEST_F(VerbsReadsOnFakes, a_peer_that_goes_down_gives_all_back_and_is_connected_to_again) {
  reader.read(0, 0, reader.landing().first(100));
  ASSERT_TRUE(run_until([&] { return reader.completions.done() == 1; }));
  for (ReadCookie i = 1; i <= 50; i++) reader.read(i, 0, reader.landing().first(10'000));
  reader.reads->progress(64);
  reader.messages.cut(reader.messages.peers().front());
  ASSERT_TRUE(run_until([&] { return reader.completions.done() == 51; }, 3));
  EXPECT_FALSE(reader.completions.reads.at(50).has_value());
  EXPECT_EQ(owner.reads->owner().queues(), 0u);
  reader.read(100, 0, reader.landing().first(100));
  ASSERT_TRUE(run_until([&] { return reader.completions.done() == 52; }));
  EXPECT_TRUE(reader.completions.reads.at(100).has_value());
}

TEST_F(VerbsReadsOnFakes, a_path_that_failed_is_down_until_it_is_up_again) {
  ASSERT_TRUE(run_until([&] { return reader.path() == PathState::kUp; }));
  reader.messages.know("owner:1", reader.messages);
  reader.messages.cut(reader.messages.peers().front());
  turn();
  turn();
  for (int i = 0; i < 500; i++) {
    turn();
    ASSERT_EQ(reader.path(), PathState::kDown) << "whoever can go another way would wait";
  }
  reader.messages.know("owner:1", owner.messages);
  ASSERT_TRUE(run_until([&] { return reader.path() == PathState::kUp; }));
}

TEST_F(VerbsReadsOnFakes, a_lost_device_breaks_its_lanes_and_no_more) {
  ASSERT_TRUE(run_until([&] { return reader.path() == PathState::kUp; }));
  for (ReadCookie i = 1; i <= 50; i++) reader.read(i, 0, reader.landing().first(10'000));
  reader.adapter->lose();
  ASSERT_TRUE(run_until([&] { return reader.completions.done() == 50; }));
  EXPECT_EQ(reader.path(), PathState::kDown);
  EXPECT_FALSE(reader.reads->has_port());
}

TEST_F(VerbsReadsOnFakes, a_device_that_vanished_is_given_back_within_a_second) {
  ASSERT_TRUE(run_until([&] { return reader.path() == PathState::kUp; }));
  reader.adapter->is_there = owner.adapter->is_there = false;
  ASSERT_TRUE(run_until([&] { return !reader.reads->has_port(); }, 1001));
  EXPECT_EQ(owner.reads->owner().queues(), 0u);
  EXPECT_EQ(reader.path(), PathState::kDown);
}

TEST_F(VerbsReadsOnFakes, an_owner_whose_device_is_lost_says_so) {
  owner.adapter->lose();
  reader.read(1, 0, reader.landing().first(100));
  ASSERT_TRUE(run_until([&] { return reader.completions.done() == 1; }));
  const std::string why = reader.reads->reader().paths().front().text;
  EXPECT_NE(why.find("device is gone"), std::string::npos) << why;
}

TEST_F(VerbsReadsOnFakes, a_hurried_read_ends_in_bounded_time) {
  ASSERT_TRUE(run_until([&] { return reader.path() == PathState::kUp; }));
  reader.read(1, 0, reader.landing().first(1000));
  reader.reads->progress(64);  // posted: the device has it
  reader.transport().hurry(1);
  for (int i = 0; i < 300 && reader.completions.done() == 0; i++) {
    now_ns += kMs;
    reader.reads->step(now_ns);  // and the device says nothing
    reader.reads->progress(64);
  }
  ASSERT_EQ(reader.completions.done(), 1u);
  EXPECT_EQ(reader.completions.reads.at(1).error().code, ErrorCode::kCancelled);
}

TEST_F(VerbsReadsOnFakes, a_node_that_is_forgotten_is_hung_up_on_and_its_reads_fail) {
  ASSERT_TRUE(run_until([&] { return reader.path() == PathState::kUp; }));
  reader.transport().forget(kOwner);
  ASSERT_TRUE(run_until([&] { return reader.messages.peers().empty(); }));
  reader.read(1, 0, reader.landing().first(100));
  ASSERT_TRUE(run_until([&] { return reader.completions.done() == 1; }));
  EXPECT_FALSE(reader.completions.reads.at(1).has_value());
}

TEST_F(VerbsReadsOnFakes, garbage_costs_the_connection_and_offers_are_limited) {
  FakeNode stranger(wire, {3, 30});
  const auto peer = reader.messages.dial("owner:1");
  for (int i = 0; i < 3; i++) turn();
  const std::byte garbage[] = {std::byte{1}, std::byte{0}, std::byte{9}};
  ASSERT_TRUE(reader.messages.send(*peer, garbage).has_value());
  for (int i = 0; i < 3; i++) turn();
  EXPECT_FALSE(reader.messages.identity(*peer).has_value()) << "still connected";

  const auto second = reader.messages.dial("owner:1");
  for (int i = 0; i < 3; i++) turn();
  for (uint32_t i = 0; i < 200; i++) {
    static_cast<void>(reader.messages.send(*second, encode(Offer{.number = i, .lanes = {}})));
  }
  for (int i = 0; i < 3; i++) turn();
  EXPECT_FALSE(reader.messages.identity(*second).has_value()) << "200 offers were taken";
}

TEST_F(VerbsReadsOnFakes, random_faults_lose_no_read_and_bring_no_wrong_byte) {
  const uint64_t seed = test_seed();
  wire.random.seed(seed);
  ReadCookie posted = 0;
  std::map<ReadCookie, std::pair<uint64_t, std::span<std::byte>>> where;
  for (int turns = 0; turns < 20'000; turns++) {
    const bool has_faults = turns % 4000 < 3000;
    wire.fail_works = has_faults ? 0.01 : 0;
    wire.fail_calls = has_faults ? 0.02 : 0;
    if (has_faults && wire.happens(0.002) && !reader.messages.peers().empty()) {
      reader.messages.cut(reader.messages.peers().front());
    }
    if (where.size() < 40) {
      const uint64_t size = 1 + wire.random() % 10'000;
      const uint64_t from = wire.random() % 400'000;
      const auto slot = reader.landing().subspan(posted % 50 * 10'000, size);
      if (posted - (where.empty() ? posted : where.begin()->first) < 50) {
        where[posted] = {from, slot};
        if (wire.happens(0.1)) {
          reader.transport().post_check({posted, {.node = kOwner, .id = {}, .slot = 3}});
        } else {
          reader.read(posted, from, slot);
        }
        if (wire.happens(0.02)) reader.transport().hurry(posted);
        posted++;
      }
    }
    turn();
    for (const auto& [cookie, result] : reader.completions.reads) {
      const auto [from, slot] = where.at(cookie);
      if (result) {
        ASSERT_TRUE(is_arena(slot, from)) << cookie;
      }
      std::ranges::fill(slot, std::byte{0xee});
      where.erase(cookie);
    }
    for (const auto& [cookie, result] : reader.completions.checks) where.erase(cookie);
    reader.completions.reads.clear();
    reader.completions.checks.clear();
  }
  wire.fail_works = wire.fail_calls = 0;
  ASSERT_TRUE(run_until([&] { return reader.completions.done() == where.size(); }));
  ASSERT_TRUE(run_until([&] { return reader.path() == PathState::kUp; }));
  EXPECT_GT(posted, 2000u);
}

TEST(VerbsRefusal, tells_readers_why_this_node_cannot_be_read_over_verbs) {
  FakeWire wire;
  FakeNode reader(wire, kReader);
  FakeMessages owner(kOwner);
  VerbsRefusal refusal(owner, "transport = ucx is set on this node");
  owner.attach(refusal);
  reader.messages.know("owner:1", owner);
  reader.transport().connect(kOwner, "owner:1");
  for (uint64_t i = 0; i < 10; i++) {
    reader.turn(i);
    owner.deliver();
  }
  const std::string why = reader.reads->reader().paths().front().text;
  EXPECT_NE(why.find("transport = ucx"), std::string::npos) << why;
}

}  // namespace
}  // namespace obj::verbs
