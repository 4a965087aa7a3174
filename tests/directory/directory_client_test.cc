// SPDX-License-Identifier: Apache-2.0
// The client alone; the test plays the directory, message by message.
#include "directory/directory_client.hh"

#include <gtest/gtest.h>

#include <limits>

#include "tests/directory/recording_owner.hh"
#include "tests/directory/scripted_transport.hh"
#include "tests/directory/test_directory.hh"

namespace obj::directory {
namespace {

using wire::Type;

class Session {
 public:
  explicit Session(DirectoryClientOptions options = {})
      : client(transport, owner, with_defaults(options), 7, 0) {}

  static DirectoryClientOptions with_defaults(DirectoryClientOptions options) {
    options.link.address = "directory:1";
    options.node = TestDirectory::info(3);
    return options;
  }

  PeerId peer() const { return transport.last_peer; }

  void step_ms(uint64_t ms) { client.step(now_ns += ms * kMs); }
  void say(std::span<const std::byte> bytes) { client.on_message(peer(), bytes); }

  // Connects and accepts; whatever the client sends then is taken by the caller.
  void connect(bool inventory_needed, uint64_t applied_sequence = 0) {
    step_ms(5000);
    client.on_peer_up(peer(), true);
    accept(inventory_needed, applied_sequence);
  }
  void accept(bool inventory_needed, uint64_t applied_sequence = 0) {
    const auto sent = transport.take_sent();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].as<wire::Register>().info, TestDirectory::info(3));
    say(wire::encode_registered(writer, {.epoch = 1,
                                         .applied_sequence = applied_sequence,
                                         .lease_ms = 1000,
                                         .status = wire::RegisterStatus::kAccepted,
                                         .inventory_needed = inventory_needed}));
  }
  void lose() { client.on_peer_down(peer(), {ErrorCode::kDisconnected, 0, "test"}); }

  void acknowledge(uint64_t sequence, uint32_t refused = 0,
                   const std::vector<ObjectId>& conflicts = {}) {
    writer.begin(Type::kReported, sequence);
    writer.add_body(wire::ReportedBody{refused, 0});
    for (const ObjectId& id : conflicts) writer.add(id);
    say(writer.finish());
  }
  void answer(uint64_t cookie, const std::vector<Answer>& answers) {
    writer.begin(Type::kLocated, cookie);
    for (const Answer& item : answers) writer.add(item);
    say(writer.finish());
  }

  // The one message that was sent; it must be of `type`.
  SentMessage only(Type type) {
    auto sent = transport.take_sent();
    EXPECT_EQ(sent.size(), 1u);
    if (sent.size() != 1) return {0, wire::Bytes(sizeof(wire::Header))};
    EXPECT_EQ(sent[0].type(), type);
    return sent[0];
  }
  // The reports of the one message that was sent; its number must be `sequence`.
  std::vector<CopyReport> reports(uint64_t sequence) {
    const SentMessage message = only(Type::kReport);
    std::vector<CopyReport> all;
    if (message.type() != Type::kReport) return all;
    const auto report = message.as<wire::Report>();
    EXPECT_EQ(report.sequence, sequence);
    for (size_t i = 0; i < report.reports.size(); i++) all.push_back(report.reports[i]);
    return all;
  }

  // Connected, the inventory of owner.held told and acknowledged.
  void settle() {
    connect(true);
    for (uint64_t sequence = 1; !client.caught_up(); sequence++) {
      ASSERT_EQ(transport.take_sent().size(), 1u);
      acknowledge(sequence);
      ASSERT_LT(sequence, 100u);
    }
  }

  uint64_t now_ns = 0;
  ScriptedTransport transport;
  RecordingOwner owner;
  wire::MessageWriter writer;
  DirectoryClient client;
};

Answer found(std::initializer_list<NodeId> nodes) {
  Answer answer;
  answer.status = LookupStatus::kFound;
  answer.shape = kShape;
  for (const NodeId node : nodes) {
    answer.copies[answer.copies_shown++] = {{node, 1}, sealed(5).copy};
  }
  answer.copies_known = answer.copies_shown;
  return answer;
}
Answer status(LookupStatus status) {
  Answer answer;
  answer.status = status;
  return answer;
}

void report(DirectoryClient& client, const CopyReport& report) {
  if (report.kind == ReportKind::kHeld)
    client.report(report.id, report.shape, report.copy);
  else
    client.withdraw(report.id, report.copy.slot, report.copy.generation);
}

// Behaviour 39.
TEST(DirectoryClient, what_nobody_waits_for_is_gathered_for_a_while) {
  Session session;
  session.settle();
  session.client.step(session.now_ns);
  report(session.client, sealed(1));
  report(session.client, gone(2));
  session.client.step(session.now_ns);
  EXPECT_TRUE(session.transport.take_sent().empty());
  EXPECT_EQ(session.client.next_step_ns(), session.now_ns + DirectoryClient::kPatienceNs);
  session.client.step(session.now_ns += DirectoryClient::kPatienceNs);
  EXPECT_EQ(session.reports(3), (std::vector{sealed(1), gone(2)}));
}

TEST(DirectoryClient, what_is_urgent_takes_along_what_is_not) {
  Session session;
  session.settle();
  session.client.step(session.now_ns);
  CopyReport put = sealed(1);
  put.copy.role = CopyRole::kPrimary;
  report(session.client, gone(2));
  report(session.client, put);
  session.client.step(session.now_ns);
  EXPECT_EQ(session.reports(3), (std::vector{gone(2), put}));
}

TEST(DirectoryClient, reports_are_batched_one_in_flight_coalesced_to_the_last_state) {
  Session session;
  session.settle();
  report(session.client, partial(1));
  report(session.client, sealed(2));
  EXPECT_TRUE(session.transport.take_sent().empty());
  session.step_ms(1);
  EXPECT_EQ(session.reports(3), (std::vector{partial(1), sealed(2)}));
  // While that is in flight, nothing is sent, and only last states are kept.
  for (int times = 0; times < 10; times++) {
    report(session.client, sealed(1));
    report(session.client, gone(2));
    report(session.client, partial(4));
    report(session.client, gone(4));
    session.step_ms(1);
    EXPECT_TRUE(session.transport.take_sent().empty());
  }
  session.acknowledge(3);
  EXPECT_EQ(session.reports(4), (std::vector{sealed(1), gone(2), gone(4)}));
  session.acknowledge(4);
  EXPECT_TRUE(session.transport.take_sent().empty());
  EXPECT_TRUE(session.client.caught_up());
}

// Behaviour 43: what a reader could be told ends before the memory's next life begins.
TEST(DirectoryClient, withdrawal_is_never_told_after_what_took_its_place) {
  Session session;
  session.settle();
  report(session.client, sealed(1, 3, 10));
  session.step_ms(1);
  EXPECT_EQ(session.reports(3), std::vector{sealed(1, 3, 10)});
  report(session.client, gone(1, 3, 10));
  report(session.client, partial(2, 3, 11));
  report(session.client, partial(1, 4, 5));
  session.acknowledge(3);
  EXPECT_EQ(session.reports(4), (std::vector{partial(1, 4, 5), partial(2, 3, 11)}));
}

TEST(DirectoryClient, inventory_is_told_in_chunks_between_begin_and_end) {
  Session session;
  for (uint32_t i = 0; i < 1300; i++) session.owner.held.push_back(sealed(i, i));
  session.connect(true);
  EXPECT_EQ(session.only(Type::kInventoryBegin).as<wire::InventoryBegin>().sequence, 1u);
  std::vector<CopyReport> told;
  for (uint64_t sequence = 1; sequence < 4; sequence++) {
    session.acknowledge(sequence);
    for (const CopyReport& item : session.reports(sequence + 1)) told.push_back(item);
  }
  EXPECT_EQ(told, session.owner.held);
  session.acknowledge(4);
  EXPECT_EQ(session.only(Type::kInventoryEnd).as<wire::InventoryEnd>().sequence, 5u);
  EXPECT_FALSE(session.client.caught_up());
  session.acknowledge(5);
  EXPECT_TRUE(session.client.caught_up());
}

TEST(DirectoryClient, changes_during_an_inventory_are_told_with_it) {
  Session session;
  session.owner.chunk_max = 1;
  session.owner.held = {sealed(1), sealed(2)};
  report(session.client, sealed(9));  // before: the inventory says it, or it is gone
  session.connect(true);
  session.only(Type::kInventoryBegin);
  report(session.client, sealed(9));
  session.acknowledge(1);
  EXPECT_EQ(session.reports(2), std::vector{sealed(1)});
  report(session.client, gone(1));
  session.acknowledge(2);
  EXPECT_EQ(session.reports(3), (std::vector{sealed(2), gone(1)}));
}

TEST(DirectoryClient, connection_lost_with_a_batch_in_flight_resumes_where_the_directory_is) {
  for (const bool arrived : {false, true}) {
    Session session;
    session.settle();
    report(session.client, sealed(1));
    session.step_ms(1);
    EXPECT_EQ(session.reports(3), std::vector{sealed(1)});
    report(session.client, gone(1));
    session.lose();
    session.connect(false, arrived ? 3 : 2);
    if (!arrived) {
      EXPECT_EQ(session.reports(3), std::vector{sealed(1)});
      session.acknowledge(3);
    }
    EXPECT_EQ(session.reports(4), std::vector{gone(1)}) << "arrived " << arrived;
  }
}

TEST(DirectoryClient, another_directory_is_told_everything_anew) {
  Session session;
  session.settle();
  report(session.client, sealed(1));
  session.step_ms(1);
  session.reports(3);
  session.lose();
  session.owner.held = {sealed(1), sealed(2)};
  session.connect(true, 0);
  session.only(Type::kInventoryBegin);
  session.acknowledge(1);
  EXPECT_EQ(session.reports(2), session.owner.held);
}

TEST(DirectoryClient, directory_that_counts_differently_is_told_everything_anew) {
  for (const uint64_t applied : {0u, 1u, 3u, 99u}) {
    Session session;
    session.settle();
    session.lose();
    session.connect(false, applied);
    EXPECT_EQ(session.only(Type::kInventoryBegin).as<wire::InventoryBegin>().sequence, applied + 1);
  }
}

TEST(DirectoryClient, inventory_that_was_cut_off_begins_again) {
  Session session;
  session.owner.chunk_max = 1;
  session.owner.held = {sealed(1), sealed(2)};
  session.connect(true);
  session.only(Type::kInventoryBegin);
  session.acknowledge(1);
  session.reports(2);
  session.lose();
  session.connect(true, 2);
  session.only(Type::kInventoryBegin);
  session.acknowledge(3);
  EXPECT_EQ(session.reports(4), std::vector{sealed(1)});
}

TEST(DirectoryClient, too_many_waiting_reports_become_an_inventory) {
  Session session({.link = {}, .node = {}, .pending_reports_max = 10});
  session.settle();
  session.lose();
  for (uint32_t i = 0; i < 11; i++) {
    session.owner.held.push_back(sealed(i, i));
    report(session.client, sealed(i, i));
  }
  session.connect(false, 2);
  session.only(Type::kInventoryBegin);
  session.acknowledge(3);
  EXPECT_EQ(session.reports(4), session.owner.held);
}

TEST(DirectoryClient, conflicts_and_refusals_reach_the_owner) {
  Session session;
  session.settle();
  report(session.client, sealed(1));
  session.step_ms(1);
  session.reports(3);
  session.acknowledge(3, 2, {id_of(1)});
  EXPECT_EQ(session.owner.conflicts, std::vector{id_of(1)});
  EXPECT_EQ(session.client.reports_refused(), 2u);
}

TEST(DirectoryClient, lookups_of_one_id_are_one_question_and_each_gets_the_answer) {
  Session session;
  session.settle();
  ASSERT_TRUE(session.client.lookup(id_of(5), 1, kForeverNs));
  ASSERT_TRUE(session.client.lookup(id_of(5), 2, kForeverNs));
  ASSERT_TRUE(session.client.lookup(id_of(6), 3, kForeverNs));
  session.step_ms(1);
  const SentMessage asked = session.only(Type::kLookup);
  const auto lookup = asked.as<wire::Lookup>();
  ASSERT_EQ(lookup.ids.size(), 2u);
  session.answer(lookup.cookie, {found({1}), status(LookupStatus::kUnknown)});
  ASSERT_EQ(session.owner.located.size(), 3u);
  for (size_t i = 0; i < 2; i++) {
    ASSERT_TRUE(session.owner.located[i].second);
    EXPECT_EQ(session.owner.located[i].second->copies[0].node, (NodeRef{1, 1}));
  }
  EXPECT_EQ(session.owner.located[2].first, 3u);
  EXPECT_EQ(session.owner.located[2].second.error().code, ErrorCode::kNotFound);
}

TEST(DirectoryClient, retry_is_asked_again_until_answered_or_too_late) {
  Session session;
  session.settle();
  ASSERT_TRUE(session.client.lookup(id_of(5), 1, kForeverNs));
  ASSERT_TRUE(session.client.lookup(id_of(6), 2, session.now_ns + 200 * kMs));
  int asked = 0;
  for (int ms = 0; ms < 500; ms++) {
    session.step_ms(1);
    for (const SentMessage& message : session.transport.take_sent()) {
      const auto lookup = message.as<wire::Lookup>();
      asked++;
      session.answer(lookup.cookie, std::vector(lookup.ids.size(), status(LookupStatus::kRetry)));
    }
  }
  EXPECT_GT(asked, 3);
  EXPECT_LT(asked, 20);
  ASSERT_EQ(session.owner.located.size(), 1u);
  EXPECT_EQ(session.owner.located[0].first, 2u);
  EXPECT_EQ(session.owner.located[0].second.error().code, ErrorCode::kTimeout);
  session.step_ms(1000);
  const SentMessage again = session.only(Type::kLookup);
  const auto lookup = again.as<wire::Lookup>();
  EXPECT_EQ(lookup.ids.size(), 1u);
  session.answer(lookup.cookie, {found({1})});
  EXPECT_TRUE(session.owner.located.back().second);
}

TEST(DirectoryClient, questions_without_a_directory_end_at_their_deadline) {
  Session session;
  ASSERT_TRUE(session.client.lookup(id_of(5), 1, 100 * kMs));
  ASSERT_TRUE(session.client.free(id_of(5), 2, 100 * kMs));
  ASSERT_TRUE(session.client.find_node(4, 3, 100 * kMs));
  ASSERT_TRUE(session.client.list_nodes(0, 4, 100 * kMs));
  session.step_ms(99);
  EXPECT_TRUE(session.owner.located.empty());
  EXPECT_LE(session.client.next_step_ns(), 100 * kMs);
  session.step_ms(1);
  ASSERT_EQ(session.owner.located.size(), 1u);
  EXPECT_EQ(session.owner.located[0].second.error().code, ErrorCode::kDisconnected);
  ASSERT_EQ(session.owner.freed.size(), 1u);
  EXPECT_EQ(session.owner.freed[0].second.error().code, ErrorCode::kDisconnected);
  EXPECT_EQ(session.owner.nodes.size(), 1u);
  EXPECT_EQ(session.owner.pages.size(), 1u);
}

TEST(DirectoryClient, questions_in_flight_are_asked_again_on_the_next_connection) {
  Session session;
  session.settle();
  ASSERT_TRUE(session.client.lookup(id_of(5), 1, kForeverNs));
  ASSERT_TRUE(session.client.free(id_of(6), 2, kForeverNs));
  session.step_ms(1);
  EXPECT_EQ(session.transport.take_sent().size(), 2u);
  session.lose();
  session.connect(false, 2);
  const auto sent = session.transport.take_sent();
  ASSERT_EQ(sent.size(), 2u);
  session.answer(sent[0].as<wire::Lookup>().cookie, {found({1})});
  const std::vector<uint32_t> holders{4};
  session.say(wire::encode_records<uint32_t>(session.writer, Type::kFreed,
                                             sent[1].as<wire::Free>().cookie, holders));
  EXPECT_EQ(session.owner.located.size(), 1u);
  ASSERT_EQ(session.owner.freed.size(), 1u);
  EXPECT_EQ(session.owner.freed[0].second.value(), 4u);
}

TEST(DirectoryClient, cached_location_is_known_until_it_is_invalidated) {
  Session session;
  session.settle();
  EXPECT_EQ(session.client.known(id_of(5)), nullptr);
  ASSERT_TRUE(session.client.lookup(id_of(5), 1, kForeverNs));
  session.step_ms(1);
  session.answer(session.only(Type::kLookup).as<wire::Lookup>().cookie, {found({1, 2})});
  ASSERT_NE(session.client.known(id_of(5)), nullptr);
  session.client.invalidate(id_of(5), {1, 1});
  EXPECT_EQ(session.client.known(id_of(5))->copies.size(), 1u);
  session.client.invalidate(id_of(5), {2, 1});
  EXPECT_EQ(session.client.known(id_of(5)), nullptr);
}

TEST(DirectoryClient, subscriptions_are_told_again_to_every_connection) {
  Session session;
  session.settle();
  session.client.subscribe(id_of(5));
  session.step_ms(1);
  session.only(Type::kSubscribe);
  session.client.subscribe(id_of(6));
  session.step_ms(1);
  EXPECT_TRUE(session.transport.take_sent().empty());  // one message in flight
  session.lose();
  session.connect(false, 2);
  const SentMessage again = session.only(Type::kSubscribe);
  EXPECT_EQ(again.as<wire::Subscribe>().ids.size(), 2u);
  const std::vector changes{nothing(0, 5).change, nothing(0, 6).change,
                            change_of(ChangeKind::kAdded, 1, sealed(5))};
  session.say(wire::encode_records<LocationChange>(session.writer, Type::kChanges, 0, changes));
  ASSERT_EQ(session.owner.locations.size(), 3u);
  EXPECT_EQ(session.owner.locations[2].second.copies.size(), 1u);
  EXPECT_EQ(session.client.known(id_of(5))->copies.size(), 1u);
}

TEST(DirectoryClient, free_orders_reach_the_owner) {
  Session session;
  session.settle();
  const std::vector<FreeOrder> orders{{id_of(1), 20, 3}, {id_of(2), 21, 4}};
  session.say(wire::encode_records<FreeOrder>(session.writer, Type::kFreeOrders, 0, orders));
  EXPECT_EQ(session.owner.orders, orders);
}

TEST(DirectoryClient, heartbeats_come_four_times_a_lease) {
  Session session;
  session.settle();
  session.client.set_load({123, 45});
  session.transport.sent.clear();
  for (int ms = 0; ms < 2000; ms++) session.step_ms(1);
  int beats = 0;
  for (const SentMessage& message : session.transport.sent) {
    ASSERT_EQ(message.type(), Type::kHeartbeat);
    EXPECT_EQ(message.as<wire::Heartbeat>().load, (NodeLoad{123, 45}));
    beats++;
  }
  EXPECT_EQ(beats, 8);
}

TEST(DirectoryClient, redials_with_growing_pauses) {
  Session session;
  session.transport.dial_fails = Error{ErrorCode::kInvalid, 0, "test"};
  std::vector<uint64_t> at_ms;
  for (uint64_t ms = 0; ms < 20'000; ms++) {
    const size_t before = session.transport.dialled.size();
    session.step_ms(1);
    if (session.transport.dialled.size() > before) at_ms.push_back(ms);
  }
  ASSERT_GT(at_ms.size(), 8u);
  ASSERT_LT(at_ms.size(), 30u);
  EXPECT_LE(at_ms[1] - at_ms[0], 51u);
  for (size_t i = 8; i < at_ms.size(); i++) {
    EXPECT_GE(at_ms[i] - at_ms[i - 1], 1000u);
    EXPECT_LE(at_ms[i] - at_ms[i - 1], 2001u);
  }
}

TEST(DirectoryClient, gives_up_on_a_directory_that_never_answers) {
  Session session;
  session.step_ms(1);
  session.client.on_peer_up(session.peer(), true);
  session.step_ms(4999);
  EXPECT_TRUE(session.transport.hung_up.empty());
  session.step_ms(1);
  EXPECT_EQ(session.transport.hung_up, std::vector{session.peer()});

  Session silent;
  silent.settle();
  ASSERT_TRUE(silent.client.lookup(id_of(5), 1, kForeverNs));
  for (int ms = 0; ms < 3002; ms++) silent.step_ms(1);
  EXPECT_EQ(silent.transport.hung_up, std::vector{PeerId{1}});
}

TEST(DirectoryClient, idle_connection_is_not_given_up) {
  Session session;
  session.settle();
  for (int ms = 0; ms < 60'000; ms++) session.step_ms(1);
  EXPECT_TRUE(session.transport.hung_up.empty());
  // The first question after a long silence has its whole time.
  ASSERT_TRUE(session.client.lookup(id_of(5), 1, kForeverNs));
  for (int ms = 0; ms < 2900; ms++) session.step_ms(1);
  EXPECT_TRUE(session.transport.hung_up.empty());
}

TEST(DirectoryClient, broken_directory_costs_the_connection_and_nothing_else) {
  wire::MessageWriter writer;
  std::vector<wire::Bytes> nonsense = wire::sample_messages();
  std::erase_if(nonsense, [](const wire::Bytes& bytes) {
    const auto type = static_cast<Type>(wire::load<wire::Header>(bytes.data()).type);
    return type == Type::kChanges || type == Type::kFreeOrders;  // may come at any time
  });
  nonsense.push_back(wire::Bytes(10));
  nonsense.push_back(wire::Bytes(100'000));
  for (const wire::Bytes& bytes : nonsense) {
    Session session;
    session.settle();
    session.say(bytes);
    EXPECT_EQ(session.transport.hung_up.size(), 1u)
        << "type " << wire::load<wire::Header>(bytes.data()).type;
    session.connect(false, 2);
    EXPECT_TRUE(session.client.connected());
  }
}

TEST(DirectoryClient, answer_of_the_wrong_length_costs_the_connection_and_is_asked_again) {
  Session session;
  session.settle();
  ASSERT_TRUE(session.client.lookup(id_of(5), 1, kForeverNs));
  session.step_ms(1);
  const uint64_t cookie = session.only(Type::kLookup).as<wire::Lookup>().cookie;
  session.answer(cookie, {found({1}), found({1})});
  EXPECT_EQ(session.transport.hung_up.size(), 1u);
  EXPECT_TRUE(session.owner.located.empty());
  session.connect(false, 2);
  session.answer(session.only(Type::kLookup).as<wire::Lookup>().cookie, {found({1})});
  EXPECT_EQ(session.owner.located.size(), 1u);
}

TEST(DirectoryClient, refusal_to_register_is_tried_again_later) {
  Session session;
  session.step_ms(1);
  session.client.on_peer_up(session.peer(), true);
  session.transport.take_sent();
  session.say(
      wire::encode_registered(session.writer, {.epoch = 1,
                                               .applied_sequence = 0,
                                               .lease_ms = 1000,
                                               .status = wire::RegisterStatus::kOldIncarnation,
                                               .inventory_needed = false}));
  EXPECT_FALSE(session.client.connected());
  EXPECT_EQ(session.transport.hung_up.size(), 1u);
  session.connect(true);
  EXPECT_TRUE(session.client.connected());
}

TEST(DirectoryClient, full_transport_costs_the_connection) {
  Session session;
  session.settle();
  session.transport.send_fails = Error{ErrorCode::kLimit, 0, "test"};
  report(session.client, sealed(1));
  session.step_ms(1);
  EXPECT_EQ(session.transport.hung_up.size(), 1u);
  session.transport.send_fails.reset();
  session.connect(false, 2);
  EXPECT_EQ(session.reports(3), std::vector{sealed(1)});
}

TEST(DirectoryClient, events_of_other_peers_are_none_of_its_own) {
  Session session;
  session.settle();
  session.client.on_message(99, wire::Bytes(10));
  session.client.on_peer_down(99, {ErrorCode::kDisconnected, 0, "test"});
  session.client.on_peer_up(99, false);
  EXPECT_TRUE(session.client.connected());
  EXPECT_TRUE(session.transport.hung_up.empty());
}

}  // namespace
}  // namespace obj::directory
