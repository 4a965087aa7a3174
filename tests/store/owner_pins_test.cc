// SPDX-License-Identifier: Apache-2.0
// Goal: owners' pins are counted per object and per owner, and bounded.
#include "store/owner_pins.hh"

#include <gtest/gtest.h>

#include <string>

namespace obj {
namespace {

TEST(OwnerPins, counts_each_owner_once_for_an_object) {
  OwnerPins pins;
  EXPECT_TRUE(pins.add(7, 100, "job").has_value());
  EXPECT_TRUE(pins.add(7, 100, "job").has_value());
  EXPECT_TRUE(pins.add(7, 100, "other").has_value());
  EXPECT_EQ(pins.count(7), 2u);
  EXPECT_EQ(pins.holdings().at("job"), (Holding{1, 100}));
}

TEST(OwnerPins, adds_up_what_an_owner_keeps) {
  OwnerPins pins;
  ASSERT_TRUE(pins.add(1, 100, "job").has_value());
  ASSERT_TRUE(pins.add(2, 50, "job").has_value());
  EXPECT_EQ(pins.holdings().at("job"), (Holding{2, 150}));
  ASSERT_TRUE(pins.remove(1, 100, "job").has_value());
  EXPECT_EQ(pins.holdings().at("job"), (Holding{1, 50}));
  ASSERT_TRUE(pins.remove(2, 50, "job").has_value());
  EXPECT_TRUE(pins.holdings().empty());
  EXPECT_EQ(pins.count(2), 0u);
}

TEST(OwnerPins, refuses_to_remove_what_is_not_the_owners) {
  OwnerPins pins;
  EXPECT_EQ(pins.remove(1, 10, "job").error().code, ErrorCode::kNotOwner);
  ASSERT_TRUE(pins.add(1, 10, "job").has_value());
  EXPECT_EQ(pins.remove(1, 10, "other").error().code, ErrorCode::kNotOwner);
  EXPECT_EQ(pins.remove(2, 10, "job").error().code, ErrorCode::kNotOwner);
  EXPECT_EQ(pins.count(1), 1u);
}

TEST(OwnerPins, takes_all_owners_off_an_object) {
  OwnerPins pins;
  ASSERT_TRUE(pins.add(1, 10, "a").has_value());
  ASSERT_TRUE(pins.add(1, 10, "b").has_value());
  ASSERT_TRUE(pins.add(2, 20, "b").has_value());
  pins.remove_all(1, 10);
  pins.remove_all(3, 10);
  EXPECT_EQ(pins.count(1), 0u);
  EXPECT_EQ(pins.holdings().size(), 1u);
  EXPECT_EQ(pins.holdings().at("b"), (Holding{1, 20}));
}

TEST(OwnerPins, limits_the_owners_of_one_object) {
  OwnerPins pins;
  for (size_t i = 0; i < OwnerPins::kOwnersPerObjectMax; i++) {
    ASSERT_TRUE(pins.add(1, 10, std::to_string(i)).has_value());
  }
  EXPECT_EQ(pins.add(1, 10, "one more").error().code, ErrorCode::kLimit);
  EXPECT_TRUE(pins.add(1, 10, "0").has_value());  // is there already
  EXPECT_EQ(pins.holdings().count("one more"), 0u);
}

TEST(OwnerPins, limits_the_names) {
  OwnerPins pins;
  for (uint32_t i = 0; i < OwnerPins::kOwnersMax; i++) {
    ASSERT_TRUE(pins.add(i, 10, std::to_string(i)).has_value());
  }
  EXPECT_EQ(pins.add(0, 10, "one more").error().code, ErrorCode::kLimit);
  EXPECT_TRUE(pins.add(0, 10, "1").has_value());
  ASSERT_TRUE(pins.remove(5, 10, "5").has_value());
  EXPECT_TRUE(pins.add(0, 10, "one more").has_value());
}

TEST(OwnerPinsDeathTest, refuses_names_of_the_wrong_length) {
  OwnerPins pins;
  EXPECT_DEATH(static_cast<void>(pins.add(1, 10, "")), "CHECK failed");
  EXPECT_DEATH(static_cast<void>(pins.add(1, 10, std::string(32, 'x'))), "CHECK failed");
}

}  // namespace
}  // namespace obj
