// SPDX-License-Identifier: Apache-2.0
// Free: who is ordered to delete what, what is seen meanwhile, and orders that get lost.
#include <gtest/gtest.h>

#include "tests/directory/test_directory.hh"

namespace obj::directory {
namespace {

using Holders = std::vector<NodeId>;
using Orders = std::vector<Ordered>;
using Tolds = std::vector<Told>;

Ordered order(PeerId peer, uint64_t id, uint32_t slot, uint64_t generation) {
  return {peer, {id_of(id), generation, slot}};
}

// Behaviour 42.
TEST(Free, goes_to_the_holders_and_only_to_those) {
  TestDirectory directory;
  directory.join(1, {sealed(5, 3, 30)});
  directory.join(2, {sealed(6, 1, 1)});
  directory.join(3, {partial(5, 4, 40)});
  directory.join(4);
  EXPECT_EQ(directory.free(5), 2u);
  EXPECT_EQ(directory.take_orders(), (Orders{order(1, 5, 3, 30), order(3, 5, 4, 40)}));
}

TEST(Free, hides_the_object_at_once_and_ends_it_when_the_holders_say_so) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  directory.subscribe(9, 5);
  directory.take_told();
  directory.free(5);
  EXPECT_EQ(directory.lookup(5).status, LookupStatus::kUnknown);
  EXPECT_EQ(directory.take_told(), Tolds{lost(9, 1, sealed(5))});
  directory.report(1, {gone(5)});
  EXPECT_TRUE(directory.take_told().empty());
  directory.unsubscribe(9, 5);
  EXPECT_EQ(directory.state.counts().objects, 0u);
}

TEST(Free, of_what_nobody_holds_is_a_success_without_holders) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  EXPECT_EQ(directory.free(6), 0u);
  directory.free(5);
  directory.take_orders();
  EXPECT_EQ(directory.free(5), 0u);
  EXPECT_TRUE(directory.take_orders().empty());
}

TEST(Free, reaches_copies_of_every_put_of_the_id) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  directory.join(2, {sealed(5, 2, 20, {.data_bytes = 1, .metadata_bytes = 0, .origin = 1})});
  EXPECT_EQ(directory.free(5), 2u);
  EXPECT_EQ(directory.take_orders(), (Orders{order(1, 5, 1, 1), order(2, 5, 2, 20)}));
  EXPECT_EQ(directory.holders(5), Holders{});
  directory.report(1, {gone(5)});
  EXPECT_EQ(directory.holders(5), Holders{});
}

TEST(Free, id_can_be_put_again_while_old_copies_are_still_there) {
  TestDirectory directory;
  const ObjectShape again{.data_bytes = 9, .metadata_bytes = 0, .origin = 99};
  directory.join(1, {sealed(5)});
  directory.join(2, {sealed(5)});
  directory.join(3);
  directory.free(5);
  EXPECT_TRUE(directory.report(3, {sealed(5, 1, 1, again)}).conflicts.empty());
  EXPECT_EQ(directory.holders(5), Holders{3});
  EXPECT_EQ(directory.lookup(5).shape, again);
  // One of the old holders deletes, another replaces its copy.
  directory.report(1, {gone(5)});
  directory.report(2, {sealed(5, 2, 2, again)});
  EXPECT_EQ(directory.holders(5), (Holders{2, 3}));
  directory.report(3, {gone(5)});
  EXPECT_EQ(directory.holders(5), Holders{2});
}

TEST(Free, report_that_crossed_the_order_does_not_bring_the_copy_back) {
  TestDirectory directory;
  directory.join(1, {partial(5)});
  directory.free(5);
  directory.take_orders();
  directory.report(1, {sealed(5)});
  EXPECT_EQ(directory.lookup(5).status, LookupStatus::kUnknown);
  EXPECT_TRUE(directory.take_orders().empty());
}

TEST(Free, order_that_may_be_lost_is_given_again_by_the_inventory) {
  TestDirectory directory;
  directory.join(1, {sealed(5), sealed(6, 2)});
  directory.state.peer_gone(1);
  EXPECT_EQ(directory.free(5), 1u);
  EXPECT_TRUE(directory.take_orders().empty());  // nobody to tell
  EXPECT_TRUE(directory.enroll(2, 1).inventory_needed);
  directory.begin_inventory(2);
  directory.report(2, {sealed(5), sealed(6, 2)});
  EXPECT_EQ(directory.take_orders(), Orders{order(2, 5, 1, 1)});
  EXPECT_EQ(directory.lookup(5).copies_known, 0u);
  directory.end_inventory(2);
  EXPECT_EQ(directory.holders(6), Holders{1});
  directory.report(2, {gone(5)});
  directory.state.peer_gone(2);
  EXPECT_FALSE(directory.enroll(3, 1).inventory_needed);
}

TEST(Free, dead_holder_is_not_waited_for) {
  TestDirectory directory;
  directory.join(1, {sealed(5)});
  directory.free(5);
  directory.wait_ms(1100);
  directory.settle();
  EXPECT_EQ(directory.state.counts().objects, 0u);
}

}  // namespace
}  // namespace obj::directory
