// SPDX-License-Identifier: Apache-2.0
// tests/client/extent_bounds_test.cc -- extents at and beyond every edge.
#include "client/extent_bounds.hh"

#include <gtest/gtest.h>

namespace obj::client {
namespace {

constexpr ExtentBounds kBounds{4096, 8};

TEST(ExtentBounds, holds_what_ends_at_the_end_of_the_arena) {
  EXPECT_TRUE(kBounds.holds(0, 4096, 0));
  EXPECT_TRUE(kBounds.holds(4032, 56, 8));
  EXPECT_TRUE(kBounds.holds(4096, 0, 0));
}

TEST(ExtentBounds, refuses_what_ends_one_byte_later) {
  EXPECT_FALSE(kBounds.holds(0, 4097, 0));
  EXPECT_FALSE(kBounds.holds(4032, 56, 9));
  EXPECT_FALSE(kBounds.holds(4096, 1, 0));
}

TEST(ExtentBounds, refuses_an_extent_that_is_not_aligned) { EXPECT_FALSE(kBounds.holds(32, 1, 0)); }

TEST(ExtentBounds, refuses_sums_that_wrap) {
  EXPECT_FALSE(kBounds.holds(0, UINT64_MAX, 0));
  EXPECT_FALSE(kBounds.holds(0, UINT64_MAX - 8, 64));
  EXPECT_FALSE(kBounds.holds(UINT64_MAX - 63, 64, 0));
  EXPECT_FALSE(extent_bytes(UINT64_MAX - 6, 0).has_value());
  EXPECT_FALSE(extent_bytes(8, UINT64_MAX - 7).has_value());
  EXPECT_EQ(extent_bytes(9, 3), 19u);
}

}  // namespace
}  // namespace obj::client
