// SPDX-License-Identifier: Apache-2.0
// What a client makes of snapshots and changes: the present state, and news exactly when it
// changed.
#include "directory/subscription_set.hh"

#include <gtest/gtest.h>

#include "tests/directory/test_directory.hh"

namespace obj::directory {
namespace {

LocationChange plus(NodeId node, const CopyReport& report = sealed(5)) {
  return change_of(ChangeKind::kAdded, node, report);
}
LocationChange marked(LocationChange change, bool first, bool last) {
  change.first = first;
  change.last = last;
  return change;
}

struct Subscribed : SubscriptionSet {
  Subscribed() : SubscriptionSet(1) {
    tell_all_again();
    add(id_of(5));
  }
  size_t copies() const { return located(id_of(5)).copies.size(); }
};

TEST(SubscriptionSet, empty_snapshot_is_news_once) {
  Subscribed set;
  EXPECT_TRUE(set.apply(nothing(0, 5).change));
  EXPECT_FALSE(set.apply(nothing(0, 5).change));
  EXPECT_EQ(set.copies(), 0u);
}

TEST(SubscriptionSet, snapshot_of_many_is_news_at_its_end) {
  Subscribed set;
  EXPECT_FALSE(set.apply(marked(plus(1), true, false)));
  EXPECT_FALSE(set.apply(marked(plus(2), false, false)));
  EXPECT_TRUE(set.apply(marked(plus(3), false, true)));
  EXPECT_EQ(set.copies(), 3u);
  EXPECT_EQ(set.located(id_of(5)).copies_known, 3u);
  EXPECT_EQ(set.located(id_of(5)).shape, kShape);
}

TEST(SubscriptionSet, repeated_snapshot_in_another_order_is_no_news) {
  Subscribed set;
  EXPECT_FALSE(set.apply(marked(plus(1), true, false)));
  EXPECT_TRUE(set.apply(marked(plus(2), false, true)));
  EXPECT_FALSE(set.apply(marked(plus(2), true, false)));
  EXPECT_FALSE(set.apply(marked(plus(1), false, true)));
  EXPECT_FALSE(set.apply(marked(plus(2), true, false)));
  EXPECT_TRUE(set.apply(marked(plus(3), false, true)));
}

TEST(SubscriptionSet, changes_are_news_and_repeats_are_not) {
  Subscribed set;
  EXPECT_TRUE(set.apply(nothing(0, 5).change));
  EXPECT_TRUE(set.apply(plus(1, partial(5))));
  EXPECT_FALSE(set.apply(plus(1, partial(5))));
  EXPECT_TRUE(set.apply(change_of(ChangeKind::kChanged, 1, sealed(5))));
  EXPECT_FALSE(set.apply(change_of(ChangeKind::kChanged, 1, sealed(5))));
  EXPECT_FALSE(set.apply(change_of(ChangeKind::kRemoved, 2, sealed(5))));
  EXPECT_TRUE(set.apply(change_of(ChangeKind::kRemoved, 1, sealed(5))));
  EXPECT_FALSE(set.apply(change_of(ChangeKind::kRemoved, 1, sealed(5))));
  EXPECT_EQ(set.copies(), 0u);
  EXPECT_EQ(set.located(id_of(5)).shape, ObjectShape{});
}

// A directory that was started again knows less at first; that is no loss of copies.
TEST(SubscriptionSet, what_is_known_stays_until_a_new_snapshot_says_otherwise) {
  Subscribed set;
  EXPECT_FALSE(set.apply(marked(plus(1), true, false)));
  EXPECT_TRUE(set.apply(marked(plus(2), false, true)));
  set.tell_nothing();
  set.tell_all_again();
  EXPECT_EQ(set.copies(), 2u);
  EXPECT_FALSE(set.apply(plus(1)));
  EXPECT_EQ(set.copies(), 2u);
  EXPECT_TRUE(set.apply(marked(plus(1), true, true)));
  EXPECT_EQ(set.copies(), 1u);
}

TEST(SubscriptionSet, half_a_snapshot_is_forgotten_with_its_connection) {
  Subscribed set;
  EXPECT_FALSE(set.apply(marked(plus(1), true, false)));
  set.tell_nothing();
  set.tell_all_again();
  EXPECT_TRUE(set.apply(plus(2)));
  EXPECT_EQ(set.copies(), 1u);
}

TEST(SubscriptionSet, copies_of_another_put_replace_those_of_the_first) {
  Subscribed set;
  EXPECT_TRUE(set.apply(marked(plus(1), true, true)));
  const ObjectShape other{.data_bytes = 1, .metadata_bytes = 2, .origin = 3};
  EXPECT_TRUE(set.apply(plus(2, sealed(5, 1, 1, other))));
  EXPECT_EQ(set.copies(), 1u);
  EXPECT_EQ(set.located(id_of(5)).shape, other);
}

TEST(SubscriptionSet, nothing_is_news_after_unsubscribing) {
  Subscribed set;
  set.remove(id_of(5));
  EXPECT_FALSE(set.apply(marked(plus(1), true, true)));
  EXPECT_FALSE(set.contains(id_of(5)));
}

TEST(SubscriptionSet, tells_subscriptions_in_order_as_many_as_fit) {
  SubscriptionSet set(1);
  set.add(id_of(1));
  EXPECT_FALSE(set.has_untold());  // not connected: all is told then
  set.tell_all_again();
  EXPECT_EQ(set.take_untold(10).ids, std::vector{id_of(1)});
  for (uint64_t id = 2; id < 5; id++) set.add(id_of(id));
  set.add(id_of(2));
  const SubscriptionSet::Batch batch = set.take_untold(2);
  EXPECT_TRUE(batch.subscribe);
  EXPECT_EQ(batch.ids, (std::vector{id_of(2), id_of(3)}));
  EXPECT_EQ(set.take_untold(10).ids, std::vector{id_of(4)});
  EXPECT_FALSE(set.has_untold());
}

TEST(SubscriptionSet, what_was_never_told_need_not_be_taken_back) {
  SubscriptionSet set(1);
  set.tell_all_again();
  set.add(id_of(1));
  set.remove(id_of(1));
  EXPECT_FALSE(set.has_untold());
  set.add(id_of(1));
  set.remove(id_of(1));
  set.add(id_of(1));
  EXPECT_EQ(set.take_untold(10).ids, std::vector{id_of(1)});
  EXPECT_FALSE(set.has_untold());
}

TEST(SubscriptionSet, who_leaves_is_told_after_others_join_and_before_it_joins_again) {
  SubscriptionSet set(1);
  set.tell_all_again();
  set.add(id_of(1));
  set.take_untold(10);
  set.remove(id_of(1));
  EXPECT_FALSE(set.has_urgent());
  EXPECT_TRUE(set.has_untold());
  set.add(id_of(2));
  EXPECT_EQ(set.take_untold(10).ids, std::vector{id_of(2)});
  set.add(id_of(1));
  EXPECT_TRUE(set.has_urgent());
  SubscriptionSet::Batch batch = set.take_untold(10);
  EXPECT_FALSE(batch.subscribe);
  EXPECT_EQ(batch.ids, std::vector{id_of(1)});
  batch = set.take_untold(10);
  EXPECT_TRUE(batch.subscribe);
  EXPECT_EQ(batch.ids, std::vector{id_of(1)});
  EXPECT_FALSE(set.has_untold());
}

}  // namespace
}  // namespace obj::directory
