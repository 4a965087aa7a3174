// SPDX-License-Identifier: Apache-2.0
// Nodes that register, report, fall silent, die, return, restart; and a directory that restarts.
#include <gtest/gtest.h>

#include "tests/directory/test_directory.hh"

namespace obj::directory {
namespace {

using Holders = std::vector<NodeId>;
using Tolds = std::vector<Told>;

template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result ? ErrorCode::kExists : result.error().code;
}

// Behaviour 41.
TEST(NodeLife, dead_nodes_copies_vanish_from_every_answer_and_subscribers_hear) {
  TestDirectory directory;
  directory.join(1, {sealed(5), sealed(6, 2)});
  directory.join(2, {sealed(5)});
  directory.subscribe(9, 5);
  directory.subscribe(9, 6);
  directory.take_told();
  directory.wait_ms(1100, {2});
  EXPECT_EQ(directory.take_expelled(), std::vector<PeerId>{1});
  // Answers are right before anything was cleaned up.
  EXPECT_EQ(directory.holders(5), Holders{2});
  EXPECT_EQ(directory.lookup(6).status, LookupStatus::kUnknown);
  directory.settle();
  EXPECT_EQ(directory.take_told(), (Tolds{lost(9, 1, sealed(5)), lost(9, 1, sealed(6, 2))}));
  EXPECT_EQ(directory.state.counts().retired_copies, 0u);
}

// Behaviour 41: nobody looks at the id, the sweep alone must bring the news.
TEST(NodeLife, subscribers_hear_of_a_death_although_nobody_asks) {
  TestDirectory directory;
  std::vector<CopyReport> many;
  for (uint32_t i = 0; i < 1000; i++) many.push_back(sealed(i, i));
  directory.join(1);
  directory.report(1, many);
  for (const uint64_t id : {7u, 500u, 999u}) directory.subscribe(9, id);
  directory.take_told();
  directory.wait_ms(1100);
  // Subscribed ids come first: a few steps are enough.
  directory.state.step(16);
  EXPECT_EQ(directory.take_told().size(), 3u);
  EXPECT_GT(directory.state.counts().retired_copies, 900u);
  directory.settle();
  EXPECT_TRUE(directory.take_told().empty());
  EXPECT_EQ(directory.state.counts().objects, 3u);
}

// Behaviour 41.
TEST(NodeLife, messages_of_an_old_incarnation_are_refused) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  directory.enroll(2, 1, 2);  // the node was started again, on connection 2
  EXPECT_EQ(directory.take_expelled(), std::vector<PeerId>{1});
  EXPECT_EQ(directory.lookup(5).copies_known, 0u);
  ReportOutcome outcome;
  const CopyReport late[] = {sealed(6)};
  const uint64_t next = directory.last_sequence(1) + 1;
  EXPECT_EQ(code_of(directory.state.report(1, next, late, 0, 100, outcome)), ErrorCode::kStale);
  EXPECT_EQ(code_of(directory.state.begin_inventory(1, next)), ErrorCode::kStale);
  EXPECT_EQ(code_of(directory.state.heartbeat(1, {})), ErrorCode::kStale);
  EXPECT_EQ(code_of(directory.state.register_node(3, TestDirectory::info(1, 1))),
            ErrorCode::kStale);
  directory.begin_inventory(2);
  directory.end_inventory(2);
  EXPECT_EQ(directory.lookup(6).status, LookupStatus::kUnknown);
}

TEST(NodeLife, old_incarnation_is_refused_after_the_new_ones_death_too) {
  TestDirectory directory;
  directory.join(1, {}, 7);
  directory.wait_ms(1100);
  EXPECT_EQ(code_of(directory.state.register_node(2, TestDirectory::info(1, 6))),
            ErrorCode::kStale);
  EXPECT_TRUE(directory.state.register_node(2, TestDirectory::info(1, 7)));
}

TEST(NodeLife, two_incarnations_never_show_together) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  directory.enroll(2, 1, 2);
  directory.begin_inventory(2);
  directory.report(2, {sealed(5, 4, 9)});
  const Answer answer = directory.lookup(5);
  ASSERT_EQ(answer.copies_known, 1u);
  EXPECT_EQ(answer.copies[0].node, (NodeRef{1, 2}));
  directory.end_inventory(2);
  directory.settle();
  EXPECT_EQ(directory.lookup(5).copies_known, 1u);
}

TEST(NodeLife, any_message_renews_the_lease) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  for (int i = 0; i < 5; i++) {
    directory.wait_ms(600);
    directory.report(1, {sealed(6, 2)});
  }
  directory.wait_ms(3000, {1});
  EXPECT_EQ(directory.holders(5), Holders{1});
  directory.wait_ms(1000);
  EXPECT_EQ(directory.holders(5), Holders{});
}

TEST(NodeLife, lost_connection_alone_loses_no_copy_and_the_node_resumes) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  const uint64_t reported = directory.last_sequence(1);
  directory.state.peer_gone(1);
  directory.wait_ms(500);
  EXPECT_EQ(directory.holders(5), Holders{1});
  const Registration registration = directory.enroll(2, 1);
  EXPECT_FALSE(registration.inventory_needed);
  EXPECT_EQ(registration.applied_sequence, reported);
  directory.report(2, {sealed(6, 2)});
  EXPECT_EQ(directory.holders(6), Holders{1});
}

TEST(NodeLife, node_that_was_declared_dead_starts_with_an_inventory) {
  TestDirectory directory;
  directory.join(1, {sealed(5), sealed(6, 2)});
  directory.wait_ms(2000);
  const Registration registration = directory.enroll(2, 1);
  EXPECT_TRUE(registration.inventory_needed);
  EXPECT_EQ(registration.applied_sequence, 0u);
  ReportOutcome outcome;
  const CopyReport early[] = {sealed(5)};
  EXPECT_EQ(code_of(directory.state.report(2, 1, early, 0, 100, outcome)), ErrorCode::kInvalid);
  directory.begin_inventory(2);
  directory.report(2, {sealed(5)});
  directory.end_inventory(2);
  directory.settle();
  EXPECT_EQ(directory.holders(5), Holders{1});
  EXPECT_EQ(directory.holders(6), Holders{});
}

TEST(NodeLife, second_connection_of_a_node_expels_the_first) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  EXPECT_FALSE(directory.enroll(2, 1).inventory_needed);
  EXPECT_EQ(directory.take_expelled(), std::vector<PeerId>{1});
  EXPECT_EQ(code_of(directory.state.heartbeat(1, {})), ErrorCode::kStale);
  directory.state.peer_gone(1);  // of the old connection: the node is not affected
  EXPECT_TRUE(directory.state.heartbeat(2, {}));
  EXPECT_EQ(code_of(directory.state.register_node(2, TestDirectory::info(3))), ErrorCode::kInvalid);
}

TEST(NodeLife, repeated_number_is_acknowledged_and_not_applied) {
  TestDirectory directory;
  directory.join(1);
  directory.report(1, {sealed(5)});
  directory.report(1, {gone(5)});
  ReportOutcome outcome;
  const CopyReport again[] = {sealed(5)};
  const auto done =
      directory.state.report(1, directory.last_sequence(1) - 1, again, 0, 100, outcome);
  ASSERT_TRUE(done);
  EXPECT_EQ(*done, 1u);
  EXPECT_EQ(directory.lookup(5).status, LookupStatus::kUnknown);
  EXPECT_TRUE(directory.state.begin_inventory(1, 1));
  EXPECT_FALSE(directory.state.rebuilding());  // it was a repeat, so no inventory has begun
}

TEST(NodeLife, gap_in_the_numbers_is_an_error) {
  TestDirectory directory;
  directory.join(1);
  const uint64_t next = directory.last_sequence(1) + 1;
  ReportOutcome outcome;
  EXPECT_EQ(code_of(directory.state.report(1, next + 1, {}, 0, 100, outcome)), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(directory.state.begin_inventory(1, next + 1)), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(directory.state.end_inventory(1, next)), ErrorCode::kInvalid);
}

TEST(Inventory, what_it_does_not_name_is_gone_at_its_end_and_not_before) {
  TestDirectory directory;
  directory.join(1, {sealed(5), sealed(6, 2)});
  directory.subscribe(9, 5);
  directory.subscribe(9, 6);
  directory.take_told();
  directory.begin_inventory(1);
  directory.report(1, {sealed(5)});
  EXPECT_EQ(directory.holders(6), Holders{1});
  directory.end_inventory(1);
  EXPECT_EQ(directory.holders(5), Holders{1});
  EXPECT_EQ(directory.holders(6), Holders{});
  directory.settle();
  // What was named again is no change.
  EXPECT_EQ(directory.take_told(), Tolds{lost(9, 1, sealed(6, 2))});
}

TEST(Inventory, begun_again_before_its_end_keeps_what_is_known_until_the_end) {
  TestDirectory directory;
  directory.join(1, {sealed(5), sealed(6, 2)});
  directory.begin_inventory(1);
  directory.report(1, {sealed(5), sealed(7, 3)});
  directory.state.peer_gone(1);
  EXPECT_TRUE(directory.enroll(2, 1).inventory_needed);
  directory.begin_inventory(2);
  EXPECT_EQ(directory.holders(6), Holders{1});
  EXPECT_EQ(directory.holders(7), Holders{1});
  directory.report(2, {sealed(6, 2)});
  directory.end_inventory(2);
  EXPECT_EQ(directory.holders(5), Holders{});
  EXPECT_EQ(directory.holders(6), Holders{1});
  EXPECT_EQ(directory.holders(7), Holders{});
}

TEST(Inventory, begun_many_times_stays_bounded) {
  TestDirectory directory;
  directory.join(1);
  for (uint32_t i = 0; i < 100; i++) {
    directory.begin_inventory(1);
    directory.report(1, {sealed(i, i)});
    directory.settle();
    EXPECT_LE(directory.state.counts().objects, 10u);
  }
  directory.end_inventory(1);
  EXPECT_EQ(directory.holders(99), Holders{1});
}

TEST(Rebuilding, unknown_ids_are_retry_until_grace_is_over_and_inventories_are_complete) {
  TestDirectory directory({.rebuild_grace_ms = 3000});
  EXPECT_EQ(directory.lookup(5).status, LookupStatus::kRetry);
  directory.join(1, {sealed(5)});
  EXPECT_EQ(directory.lookup(5).status, LookupStatus::kFound);
  EXPECT_EQ(directory.lookup(6).status, LookupStatus::kRetry);
  directory.wait_ms(2900, {1});
  directory.enroll(2, 2);
  EXPECT_EQ(directory.lookup(6).status, LookupStatus::kRetry);
  directory.wait_ms(200, {1, 2});
  EXPECT_EQ(directory.lookup(6).status, LookupStatus::kRetry);  // node 2 has not told yet
  directory.begin_inventory(2);
  EXPECT_EQ(directory.lookup(6).status, LookupStatus::kRetry);
  directory.end_inventory(2);
  EXPECT_EQ(directory.lookup(6).status, LookupStatus::kUnknown);
}

TEST(Rebuilding, node_that_never_completes_its_inventory_ends_as_dead) {
  TestDirectory directory({.rebuild_grace_ms = 0, .inventory_stall_ms = 5000});
  directory.enroll(1, 1);
  directory.wait_ms(4000, {1});
  directory.begin_inventory(1);
  directory.report(1, {sealed(5)});
  directory.wait_ms(4900, {1});
  EXPECT_EQ(directory.lookup(6).status, LookupStatus::kRetry);
  directory.wait_ms(100, {1});
  EXPECT_EQ(directory.take_expelled(), std::vector<PeerId>{1});
  EXPECT_EQ(directory.lookup(6).status, LookupStatus::kUnknown);
  EXPECT_EQ(directory.lookup(5).status, LookupStatus::kUnknown);
}

TEST(Rebuilding, snapshot_waits_until_all_is_known_and_additions_do_not) {
  TestDirectory directory({.rebuild_grace_ms = 1000});
  directory.subscribe(9, 5);
  directory.subscribe(9, 6);
  EXPECT_TRUE(directory.take_told().empty());
  directory.join(1, {sealed(5)});
  EXPECT_EQ(directory.take_told(), Tolds{added(9, 1, sealed(5))});
  directory.settle();
  EXPECT_TRUE(directory.take_told().empty());
  directory.subscribe(8, 5);
  EXPECT_EQ(directory.take_told(), Tolds{added(8, 1, sealed(5))});
  directory.wait_ms(1000, {1});
  directory.settle();
  auto told = directory.take_told();
  std::ranges::sort(told, {}, [](const Told& t) { return std::pair(t.peer, t.change.id); });
  EXPECT_EQ(told, (Tolds{snapshot_of_one(8, 1, sealed(5)), snapshot_of_one(9, 1, sealed(5)),
                         nothing(9, 6)}));
  EXPECT_EQ(directory.state.step(100), 0u);
}

TEST(NodeLife, directory_that_stood_still_blames_itself) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  directory.now_ns += 10'000 * kMs;
  directory.state.advance(directory.now_ns);
  EXPECT_EQ(directory.holders(5), Holders{1});
  directory.wait_ms(900, {1});
  EXPECT_EQ(directory.holders(5), Holders{1});
  directory.wait_ms(1100);
  EXPECT_EQ(directory.holders(5), Holders{});
}

TEST(NodeLife, nodes_are_limited_and_the_longest_dead_makes_room) {
  TestDirectory directory({.rebuild_grace_ms = 0, .nodes_max = 2});
  directory.join(1);
  directory.join(2);
  EXPECT_EQ(code_of(directory.state.register_node(3, TestDirectory::info(3))), ErrorCode::kLimit);
  directory.wait_ms(1100, {2});
  EXPECT_TRUE(directory.state.register_node(3, TestDirectory::info(3)));
  EXPECT_EQ(directory.state.node(1).status, NodeStatus::kUnknown);
  EXPECT_EQ(directory.state.node(2).status, NodeStatus::kAlive);
}

TEST(NodeLife, nodes_can_be_asked_for_and_listed) {
  TestDirectory directory;
  directory.join(7);
  directory.join(3);
  EXPECT_TRUE(directory.state.heartbeat(7, {.used_bytes = 11, .load = 12}));
  EXPECT_EQ(directory.state.node(7),
            (NodeAnswer{NodeStatus::kAlive, TestDirectory::info(7), {11, 12}}));
  directory.wait_ms(1100, {3});
  EXPECT_EQ(directory.state.node(7).status, NodeStatus::kDead);
  EXPECT_EQ(directory.state.node(8).status, NodeStatus::kUnknown);
  EXPECT_EQ(directory.state.node(8).info.node.node, 8u);
  EXPECT_EQ(directory.state.next_node(0)->info.node.node, 3u);
  EXPECT_EQ(directory.state.next_node(3)->info.node.node, 7u);
  EXPECT_FALSE(directory.state.next_node(7));
}

}  // namespace
}  // namespace obj::directory
