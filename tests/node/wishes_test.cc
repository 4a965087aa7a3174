// SPDX-License-Identifier: Apache-2.0
// tests/node/wishes_test.cc -- which waiting requests want which bundle.
#include "node/wishes.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace obj {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

ObjectId id_of(uint8_t n) {
  ObjectId id;
  id.bytes[0] = n;
  return id;
}

std::vector<uint32_t> tags_of(const Wishes::Draft& draft) {
  std::vector<uint32_t> tags;
  for (const Wish& wish : draft.wishes) tags.push_back(wish.tag);
  return tags;
}

class WishesTest : public ::testing::Test {
 protected:
  void request(BundleId bundle, SessionId session, std::vector<uint32_t> tags) {
    for (const uint32_t tag : tags) {
      EXPECT_FALSE(wishes_.add(PullClass::kGet, {session, tag, id_of(static_cast<uint8_t>(tag))}));
    }
    wishes_.requested(bundle, *wishes_.take_draft());
  }

  Wishes wishes_;
};

TEST_F(WishesTest, requests_that_follow_one_another_are_one_draft) {
  EXPECT_FALSE(wishes_.add(PullClass::kGet, {1, 10, id_of(1)}));
  EXPECT_FALSE(wishes_.add(PullClass::kGet, {1, 11, id_of(2)}));
  EXPECT_THAT(tags_of(*wishes_.take_draft()), ElementsAre(10, 11));
  EXPECT_FALSE(wishes_.take_draft());
}

TEST_F(WishesTest, another_session_begins_another_draft) {
  EXPECT_FALSE(wishes_.add(PullClass::kGet, {1, 10, id_of(1)}));
  const auto first = wishes_.add(PullClass::kGet, {2, 10, id_of(1)});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->wishes.front().session, 1u);
  EXPECT_EQ(wishes_.take_draft()->wishes.front().session, 2u);
}

TEST_F(WishesTest, another_class_begins_another_draft) {
  EXPECT_FALSE(wishes_.add(PullClass::kGet, {1, 10, id_of(1)}));
  EXPECT_TRUE(wishes_.add(PullClass::kWait, {1, 11, id_of(1)}));
}

TEST_F(WishesTest, a_bundle_is_unwanted_when_its_last_request_leaves) {
  request(7, 1, {10, 11});
  EXPECT_FALSE(wishes_.leave(1, 10));
  EXPECT_EQ(wishes_.leave(1, 11), BundleId{7});
  EXPECT_EQ(wishes_.size(), 0u);
}

TEST_F(WishesTest, who_leaves_before_the_request_is_not_in_it) {
  EXPECT_FALSE(wishes_.add(PullClass::kGet, {1, 10, id_of(1)}));
  EXPECT_FALSE(wishes_.add(PullClass::kGet, {1, 11, id_of(1)}));
  EXPECT_FALSE(wishes_.leave(1, 10));
  EXPECT_THAT(tags_of(*wishes_.take_draft()), ElementsAre(11));
}

TEST_F(WishesTest, a_draft_that_everybody_left_is_none) {
  EXPECT_FALSE(wishes_.add(PullClass::kGet, {1, 10, id_of(1)}));
  EXPECT_FALSE(wishes_.leave(1, 10));
  EXPECT_FALSE(wishes_.take_draft());
}

TEST_F(WishesTest, who_never_wished_can_leave) {
  request(7, 1, {10});
  EXPECT_FALSE(wishes_.leave(1, 99));
  EXPECT_FALSE(wishes_.leave(5, 10));
  EXPECT_EQ(wishes_.size(), 1u);
}

TEST_F(WishesTest, a_session_leaves_all_its_bundles) {
  request(7, 1, {10, 11});
  request(8, 1, {12});
  request(9, 2, {10});
  EXPECT_FALSE(wishes_.add(PullClass::kGet, {1, 13, id_of(1)}));
  std::vector<BundleId> unwanted;
  wishes_.leave_session(1, unwanted);
  EXPECT_THAT(unwanted, UnorderedElementsAre(7, 8));
  EXPECT_FALSE(wishes_.take_draft());
  EXPECT_EQ(wishes_.leave(2, 10), BundleId{9});
}

TEST_F(WishesTest, the_end_of_a_bundle_tells_who_still_waits) {
  request(7, 1, {10, 11, 12});
  EXPECT_FALSE(wishes_.leave(1, 11));
  EXPECT_THAT(tags_of(wishes_.end(7)), UnorderedElementsAre(10, 12));
  EXPECT_TRUE(wishes_.end(7).wishes.empty());
  // They can be requested again.
  request(8, 1, {10, 12});
  EXPECT_EQ(wishes_.size(), 1u);
}

}  // namespace
}  // namespace obj
