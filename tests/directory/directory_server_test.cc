// SPDX-License-Identifier: Apache-2.0
// The server alone; the test plays its peers: what they are answered, what becomes of those that
// send nonsense or do not read, and how much work one of them gets at a time.
#include "directory/directory_server.hh"

#include <gtest/gtest.h>

#include <set>

#include "tests/directory/scripted_transport.hh"
#include "tests/directory/test_directory.hh"

namespace obj::directory {
namespace {

using wire::Type;

class Service {
 public:
  explicit Service(const DirectoryOptions& options = {.rebuild_grace_ms = 0})
      : server(transport, options, 42, 1234, 0) {}

  void say(PeerId peer, std::span<const std::byte> bytes) {
    server.on_message(peer, wire::copy(bytes));
  }
  void say_ids(PeerId peer, Type type, uint64_t cookie, std::vector<uint64_t> numbers) {
    std::vector<ObjectId> ids;
    for (const uint64_t number : numbers) ids.push_back(id_of(number));
    say(peer, wire::encode_records<ObjectId>(writer, type, cookie, ids));
  }
  void say_reports(PeerId peer, uint64_t sequence, const std::vector<CopyReport>& reports) {
    say(peer, wire::encode_records<CopyReport>(writer, Type::kReport, sequence, reports));
  }

  void up(PeerId peer) { server.on_peer_up(peer, false); }
  // A node that took stock of nothing; its next report is number 3.
  void join(PeerId peer) {
    up(peer);
    say(peer, wire::encode_register(writer, TestDirectory::info(peer)));
    say(peer, wire::encode_bare(writer, Type::kInventoryBegin, 1));
    say(peer, wire::encode_bare(writer, Type::kInventoryEnd, 2));
    transport.take_sent();
  }
  void step_ms(uint64_t ms) { server.step(now_ns += ms * kMs); }

  // What was sent to `peer` since the last call, in order.
  std::vector<SentMessage> sent_to(PeerId peer) {
    std::vector<SentMessage> result;
    for (SentMessage& message : transport.take_sent()) {
      if (message.peer == peer) result.push_back(std::move(message));
    }
    return result;
  }

  uint64_t now_ns = 0;
  ScriptedTransport transport;
  wire::MessageWriter writer;
  DirectoryServer server;
};

TEST(DirectoryServer, registers_with_epoch_lease_and_number) {
  Service service;
  service.up(1);
  service.say(1, wire::encode_register(service.writer, TestDirectory::info(7)));
  const auto sent = service.sent_to(1);
  ASSERT_EQ(sent.size(), 1u);
  const auto registered = sent[0].as<wire::Registered>();
  EXPECT_EQ(registered.epoch, 1234u);
  EXPECT_EQ(registered.lease_ms, 1000u);
  EXPECT_EQ(registered.applied_sequence, 0u);
  EXPECT_EQ(registered.status, wire::RegisterStatus::kAccepted);
  EXPECT_TRUE(registered.inventory_needed);
}

TEST(DirectoryServer, tells_an_older_incarnation_why_before_it_hangs_up) {
  Service service;
  service.up(1);
  service.say(1, wire::encode_register(service.writer, TestDirectory::info(7, 5)));
  service.up(2);
  service.say(2, wire::encode_register(service.writer, TestDirectory::info(7, 4)));
  const auto sent = service.sent_to(2);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].as<wire::Registered>().status, wire::RegisterStatus::kOldIncarnation);
  EXPECT_EQ(service.transport.hung_up, std::vector<PeerId>{2});
}

TEST(DirectoryServer, acknowledges_reports_with_refusals_and_conflicts) {
  Service service;
  service.join(1);
  service.join(2);
  service.say_reports(1, 3, {sealed(5)});
  const ObjectShape other{.data_bytes = 1, .metadata_bytes = 2, .origin = 3};
  CopyReport beyond = sealed(6);
  beyond.copy.offset = UINT64_MAX;
  service.transport.take_sent();
  service.say_reports(2, 3, {sealed(5, 1, 1, other), beyond});
  const auto sent = service.sent_to(2);
  ASSERT_EQ(sent.size(), 1u);
  const auto reported = sent[0].as<wire::Reported>();
  EXPECT_EQ(reported.sequence, 3u);
  EXPECT_EQ(reported.refused, 1u);
  ASSERT_EQ(reported.conflicts.size(), 1u);
  EXPECT_EQ(reported.conflicts[0], id_of(5));
}

TEST(DirectoryServer, answers_lookups_in_the_order_asked_registered_or_not) {
  Service service;
  service.join(1);
  service.say_reports(1, 3, {sealed(5)});
  service.up(9);
  service.transport.take_sent();
  service.say_ids(9, Type::kLookup, 77, {6, 5, 6});
  const auto sent = service.sent_to(9);
  ASSERT_EQ(sent.size(), 1u);
  auto located = sent[0].as<wire::Located>();
  EXPECT_EQ(located.cookie, 77u);
  Answer answer;
  for (const LookupStatus expected :
       {LookupStatus::kUnknown, LookupStatus::kFound, LookupStatus::kUnknown}) {
    ASSERT_TRUE(located.answers.next(answer));
    EXPECT_EQ(answer.status, expected);
  }
}

TEST(DirectoryServer, snapshot_comes_before_the_answer_to_the_subscription) {
  Service service;
  service.join(1);
  service.say_reports(1, 3, {sealed(5)});
  service.up(9);
  service.transport.take_sent();
  service.say_ids(9, Type::kSubscribe, 78, {5, 6});
  const auto sent = service.sent_to(9);
  ASSERT_EQ(sent.size(), 2u);
  const auto changes = sent[0].as<wire::Changes>().changes;
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0], snapshot_of_one(9, 1, sealed(5)).change);
  EXPECT_EQ(changes[1], nothing(9, 6).change);
  EXPECT_EQ(sent[1].as<wire::Subscribed>().cookie, 78u);
}

TEST(DirectoryServer, news_of_one_turn_travel_together) {
  Service service;
  service.join(1);
  service.up(9);
  service.say_ids(9, Type::kSubscribe, 1, {5, 6, 7});
  service.transport.take_sent();
  service.say_reports(1, 3, {sealed(5), sealed(6, 2)});
  service.say_reports(1, 4, {sealed(7, 3)});
  service.step_ms(1);
  const auto sent = service.sent_to(9);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].as<wire::Changes>().changes.size(), 3u);
}

// Behaviour 42, on the wire: in one batch for each holder.
TEST(DirectoryServer, free_orders_are_batched_per_holder) {
  Service service;
  for (const PeerId peer : {1u, 2u, 3u}) service.join(peer);
  service.say_reports(1, 3, {sealed(5, 1, 10), sealed(6, 2, 20)});
  service.say_reports(2, 3, {sealed(6, 3, 30)});
  service.transport.take_sent();
  service.say_ids(3, Type::kFree, 80, {5, 6, 7});
  service.step_ms(1);
  std::map<PeerId, std::vector<SentMessage>> sent;
  for (SentMessage& message : service.transport.take_sent()) {
    sent[message.peer].push_back(std::move(message));
  }
  ASSERT_EQ(sent[3].size(), 1u);
  const auto freed = sent[3][0].as<wire::Freed>();
  EXPECT_EQ(freed.cookie, 80u);
  ASSERT_EQ(freed.holders.size(), 3u);
  EXPECT_EQ(freed.holders[0], 1u);
  EXPECT_EQ(freed.holders[1], 2u);
  EXPECT_EQ(freed.holders[2], 0u);
  ASSERT_EQ(sent[1].size(), 1u);
  const auto first = sent[1][0].as<wire::FreeOrders>().orders;
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0], (FreeOrder{id_of(5), 10, 1}));
  EXPECT_EQ(first[1], (FreeOrder{id_of(6), 20, 2}));
  ASSERT_EQ(sent[2].size(), 1u);
  EXPECT_EQ(sent[2][0].as<wire::FreeOrders>().orders[0], (FreeOrder{id_of(6), 30, 3}));
}

TEST(DirectoryServer, nodes_are_answered_and_listed_page_by_page) {
  Service service;
  for (PeerId peer = 1; peer <= 100; peer++) service.join(peer);
  service.up(200);
  const std::vector<NodeId> wanted{7, 5000};
  service.say(200, wire::encode_records<NodeId>(service.writer, Type::kNodeQuery, 1, wanted));
  auto sent = service.sent_to(200);
  ASSERT_EQ(sent.size(), 1u);
  auto answers = sent[0].as<wire::Nodes>().answers;
  NodeAnswer answer;
  ASSERT_TRUE(answers.next(answer));
  EXPECT_EQ(answer.info, TestDirectory::info(7));
  EXPECT_EQ(answer.status, NodeStatus::kAlive);
  ASSERT_TRUE(answers.next(answer));
  EXPECT_EQ(answer.status, NodeStatus::kUnknown);

  NodeId after = 0;
  std::set<NodeId> listed;
  for (;;) {
    service.say(200, wire::encode_node_list(service.writer, 2, after));
    sent = service.sent_to(200);
    ASSERT_EQ(sent.size(), 1u);
    answers = sent[0].as<wire::Nodes>().answers;
    if (answers.left() == 0) break;
    while (answers.left() > 0) {
      ASSERT_TRUE(answers.next(answer));
      listed.insert(after = answer.info.node.node);
    }
  }
  EXPECT_EQ(listed.size(), 100u);
}

TEST(DirectoryServer, nonsense_costs_its_sender_the_connection_and_nobody_else) {
  auto nonsense = wire::sample_messages();
  nonsense.erase(nonsense.begin(), nonsense.begin() + 11);  // what a node may send
  nonsense.push_back(wire::Bytes(3));
  nonsense.push_back(wire::Bytes(70'000));
  Service service;
  service.join(1);
  service.say_reports(1, 3, {sealed(5)});
  PeerId peer = 100;
  for (const wire::Bytes& bytes : nonsense) {
    service.transport.hung_up.clear();
    service.up(++peer);
    service.say(peer, bytes);
    EXPECT_EQ(service.transport.hung_up, std::vector{peer});
    // Nothing that it sends afterwards counts.
    service.transport.take_sent();
    service.say_ids(peer, Type::kLookup, 1, {5});
    EXPECT_TRUE(service.transport.take_sent().empty());
    service.server.on_peer_down(peer, {ErrorCode::kCancelled, 0, "test"});
  }
  service.up(50);
  service.say_ids(50, Type::kLookup, 1, {5});
  EXPECT_EQ(service.sent_to(50).size(), 1u);
}

TEST(DirectoryServer, reports_of_unregistered_peers_are_refused) {
  Service service;
  service.up(9);
  service.say_reports(9, 1, {sealed(5)});
  EXPECT_EQ(service.transport.hung_up, std::vector<PeerId>{9});
  EXPECT_EQ(service.server.state().counts().objects, 0u);
}

TEST(DirectoryServer, node_whose_lease_runs_out_is_hung_up_on) {
  Service service;
  service.join(1);
  for (int i = 0; i < 11; i++) service.step_ms(100);
  EXPECT_EQ(service.transport.hung_up, std::vector<PeerId>{1});
  EXPECT_EQ(service.server.state().counts().nodes_alive, 0u);
}

TEST(DirectoryServer, subscriber_that_does_not_read_is_hung_up_on_and_others_go_on) {
  Service service;
  service.join(1);
  service.up(9);
  service.say_ids(9, Type::kSubscribe, 1, {5});
  service.transport.send_fails = Error{ErrorCode::kLimit, 0, "test"};
  service.say_reports(1, 3, {sealed(5)});
  service.transport.send_fails.reset();
  EXPECT_EQ(service.transport.hung_up, std::vector<PeerId>{1});  // its answer did not fit either
  service.join(2);
  service.say_reports(2, 3, {sealed(5)});
  service.transport.send_fails = Error{ErrorCode::kLimit, 0, "test"};
  service.step_ms(1);
  EXPECT_EQ(service.transport.hung_up, (std::vector<PeerId>{1, 9}));
  service.transport.send_fails.reset();
  service.transport.take_sent();
  service.say_reports(2, 4, {gone(5)});
  service.step_ms(1);
  EXPECT_TRUE(service.sent_to(9).empty());
}

// 100 reports, each of which 200 peers must hear of: 20,000 changes.
struct Crowd : Service {
  Crowd() {
    std::vector<uint64_t> ids;
    for (uint32_t i = 0; i < 100; i++) {
      ids.push_back(i);
      batch.push_back(sealed(i, i));
    }
    for (PeerId peer = 1000; peer < 1200; peer++) {
      up(peer);
      say_ids(peer, Type::kSubscribe, 1, ids);
    }
    join(1);
    join(2);
    transport.take_sent();
  }
  size_t changes_sent() {
    size_t changes = 0;
    for (const SentMessage& message : transport.take_sent()) {
      if (message.type() == Type::kChanges) changes += message.as<wire::Changes>().changes.size();
    }
    return changes;
  }

  std::vector<CopyReport> batch;
};

TEST(DirectoryServer, much_work_of_one_peer_is_done_in_slices_between_others) {
  Crowd crowd;
  crowd.say_reports(1, 3, crowd.batch);
  EXPECT_LE(crowd.server.next_step_ns(), crowd.now_ns);
  crowd.say_ids(1, Type::kLookup, 90, {99});  // waits its turn behind the reports
  crowd.say_ids(2, Type::kLookup, 91, {0, 99});
  const auto sent = crowd.sent_to(2);
  ASSERT_EQ(sent.size(), 1u);
  auto answers = sent[0].as<wire::Located>().answers;
  Answer answer;
  ASSERT_TRUE(answers.next(answer));
  EXPECT_EQ(answer.status, LookupStatus::kFound);
  ASSERT_TRUE(answers.next(answer));
  EXPECT_EQ(answer.status, LookupStatus::kUnknown);

  for (int steps = 0; crowd.server.step(crowd.now_ns) > 0; steps++) ASSERT_LT(steps, 10);
  const auto later = crowd.sent_to(1);
  ASSERT_EQ(later.size(), 2u);
  EXPECT_EQ(later[0].as<wire::Reported>().sequence, 3u);
  answers = later[1].as<wire::Located>().answers;
  ASSERT_TRUE(answers.next(answer));
  EXPECT_EQ(answer.status, LookupStatus::kFound);
  EXPECT_GT(crowd.server.next_step_ns(), crowd.now_ns);
}

TEST(DirectoryServer, every_subscriber_hears_all_of_a_batch_done_in_slices) {
  Crowd crowd;
  crowd.say_reports(1, 3, crowd.batch);
  while (crowd.server.step(crowd.now_ns) > 0) {
  }
  EXPECT_EQ(crowd.changes_sent(), 20'000u);
}

TEST(DirectoryServer, peer_that_sends_on_without_waiting_is_bounded) {
  Crowd crowd;
  crowd.say_reports(1, 3, crowd.batch);
  std::vector<uint64_t> many(wire::kLookupIdsMax, 1);
  for (int i = 0; i < 1000 && crowd.transport.hung_up.empty(); i++) {
    crowd.say_ids(1, Type::kLookup, 1, many);
  }
  EXPECT_EQ(crowd.transport.hung_up, std::vector<PeerId>{1});
}

TEST(DirectoryServer, peer_that_is_lost_in_the_middle_of_its_batch_ends_it) {
  Crowd crowd;
  crowd.say_reports(1, 3, crowd.batch);
  crowd.server.on_peer_down(1, {ErrorCode::kDisconnected, 0, "test"});
  while (crowd.server.step(crowd.now_ns) > 0) {
  }
  EXPECT_GT(crowd.server.next_step_ns(), crowd.now_ns);
  // It returns, hears that the batch did not count, and sends it again.
  crowd.up(50);
  crowd.say(50, wire::encode_register(crowd.writer, TestDirectory::info(1)));
  const auto sent = crowd.sent_to(50);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].as<wire::Registered>().applied_sequence, 2u);
  crowd.say_reports(50, 3, crowd.batch);
  while (crowd.server.step(crowd.now_ns) > 0) {
  }
  EXPECT_EQ(crowd.server.state().counts().objects, 100u);
}

}  // namespace
}  // namespace obj::directory
