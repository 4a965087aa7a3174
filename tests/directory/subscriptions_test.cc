// SPDX-License-Identifier: Apache-2.0
// Who hears of what: snapshots, each real change once, nothing for repeats, nothing after the end.
#include <gtest/gtest.h>

#include <set>

#include "tests/directory/test_directory.hh"

namespace obj::directory {
namespace {

using Tolds = std::vector<Told>;

// Behaviour 40.
TEST(Subscriptions, subscriber_hears_each_real_change_exactly_once_and_no_repeat) {
  TestDirectory directory;
  directory.join(1);
  directory.subscribe(9, 5);
  EXPECT_EQ(directory.take_told(), Tolds{nothing(9, 5)});
  for (int times = 0; times < 3; times++) directory.report(1, {partial(5)});
  EXPECT_EQ(directory.take_told(), Tolds{added(9, 1, partial(5))});
  for (int times = 0; times < 3; times++) directory.report(1, {sealed(5)});
  EXPECT_EQ(directory.take_told(), Tolds{changed(9, 1, sealed(5))});
  for (int times = 0; times < 3; times++) directory.report(1, {sealed(5, 3, 7)});
  EXPECT_EQ(directory.take_told(), Tolds{changed(9, 1, sealed(5, 3, 7))});
  for (int times = 0; times < 3; times++) directory.report(1, {gone(5, 3, 7)});
  EXPECT_EQ(directory.take_told(), Tolds{lost(9, 1, sealed(5, 3, 7))});
  EXPECT_EQ(directory.state.step(1000), 0u);
  EXPECT_TRUE(directory.take_told().empty());
}

// Behaviour 40.
TEST(Subscriptions, late_subscriber_gets_the_current_state) {
  TestDirectory directory;
  for (PeerId peer = 1; peer <= 20; peer++) directory.join(peer, {sealed(5)});
  directory.subscribe(99, 5);
  const auto told = directory.take_told();
  ASSERT_EQ(told.size(), 20u);  // all of them, not only those of an answer
  std::set<NodeId> nodes;
  for (size_t i = 0; i < told.size(); i++) {
    EXPECT_EQ(told[i].peer, 99u);
    EXPECT_EQ(told[i].change.kind, ChangeKind::kAdded);
    EXPECT_EQ(told[i].change.first, i == 0);
    EXPECT_EQ(told[i].change.last, i == 19);
    nodes.insert(told[i].change.location.node.node);
  }
  EXPECT_EQ(nodes.size(), 20u);
}

TEST(Subscriptions, every_subscriber_hears_and_others_do_not) {
  TestDirectory directory;
  directory.join(1);
  directory.subscribe(8, 5);
  directory.subscribe(9, 5);
  directory.subscribe(7, 6);
  directory.take_told();
  directory.report(1, {sealed(5)});
  auto told = directory.take_told();
  ASSERT_EQ(told.size(), 2u);
  if (told[0].peer > told[1].peer) std::swap(told[0], told[1]);
  EXPECT_EQ(told, (Tolds{added(8, 1, sealed(5)), added(9, 1, sealed(5))}));
}

TEST(Subscriptions, subscribing_again_repeats_the_snapshot_and_nothing_else) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  directory.subscribe(9, 5);
  directory.subscribe(9, 5);
  EXPECT_EQ(directory.take_told(),
            (Tolds{snapshot_of_one(9, 1, sealed(5)), snapshot_of_one(9, 1, sealed(5))}));
  directory.report(1, {gone(5)});
  EXPECT_EQ(directory.take_told(), Tolds{lost(9, 1, sealed(5))});
  EXPECT_EQ(directory.state.counts().subscriptions, 1u);
}

TEST(Subscriptions, nothing_is_heard_after_unsubscribing_and_nothing_stays_behind) {
  TestDirectory directory;
  directory.join(1);
  directory.subscribe(9, 5);
  directory.unsubscribe(9, 5);
  directory.unsubscribe(9, 5);
  directory.unsubscribe(8, 5);
  directory.take_told();
  EXPECT_EQ(directory.state.counts().objects, 0u);
  EXPECT_EQ(directory.state.counts().subscriptions, 0u);
  directory.report(1, {sealed(5)});
  EXPECT_TRUE(directory.take_told().empty());
}

TEST(Subscriptions, dead_subscriber_hears_nothing_and_is_cleared_away) {
  TestDirectory directory;
  directory.join(1, {sealed(3)});
  for (uint64_t id = 0; id < 100; id++) directory.subscribe(9, id);
  directory.subscribe(8, 5);
  directory.take_told();
  directory.state.peer_gone(9);
  directory.report(1, {sealed(5, 2)});
  EXPECT_EQ(directory.take_told(), Tolds{added(8, 1, sealed(5, 2))});
  EXPECT_LE(directory.state.step(10), 10u);
  directory.settle();
  EXPECT_EQ(directory.state.counts().subscriptions, 1u);
  EXPECT_EQ(directory.state.counts().objects, 2u);
  EXPECT_EQ(directory.holders(3), std::vector<NodeId>{1});
  // The number of a connection is never used twice, but its slot here may be.
  directory.subscribe(10, 3);
  EXPECT_EQ(directory.take_told(), Tolds{snapshot_of_one(10, 1, sealed(3))});
}

TEST(Subscriptions, one_peers_subscriptions_are_limited) {
  TestDirectory directory({.rebuild_grace_ms = 0, .subscriptions_per_peer_max = 2});
  directory.subscribe(9, 1);
  directory.subscribe(9, 2);
  const ObjectId ids[] = {id_of(3)};
  const auto refused = directory.state.subscribe(9, ids);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
  EXPECT_EQ(directory.state.counts().objects, 2u);
  directory.subscribe(9, 2);
  directory.subscribe(8, 3);
  directory.unsubscribe(9, 1);
  directory.subscribe(9, 3);
}

TEST(Subscriptions, lookups_of_unknown_ids_leave_nothing_behind) {
  TestDirectory directory;
  for (uint64_t id = 0; id < 1000; id++) {
    EXPECT_EQ(directory.lookup(id).status, LookupStatus::kUnknown);
  }
  EXPECT_EQ(directory.state.counts().objects, 0u);
}

}  // namespace
}  // namespace obj::directory
