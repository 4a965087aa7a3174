// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/bar.hh"

#include <gtest/gtest.h>

#include <vector>

namespace objctl {
namespace {

std::string drawn(std::vector<BarPart> parts, uint64_t whole, size_t cells) {
  return bar(parts, whole, cells);
}

TEST(Bar, gives_each_part_its_share) {
  EXPECT_EQ(drawn({{40, '#'}, {20, 'P'}, {10, 'u'}}, 100, 10), "[####PPu...]");
}

TEST(Bar, is_full_when_the_parts_are_the_whole) {
  EXPECT_EQ(drawn({{1, 'a'}, {1, 'b'}, {1, 'c'}}, 3, 10), "[aaabbbcccc]");
  EXPECT_EQ(drawn({{UINT64_MAX, '#'}}, UINT64_MAX, 4), "[####]");
}

TEST(Bar, shows_a_small_part_while_there_is_room) {
  EXPECT_EQ(drawn({{1, 'u'}}, 1'000'000, 5), "[u....]");
  EXPECT_EQ(drawn({{50, '#'}, {1, 'w'}}, 100, 4), "[##w.]");
}

TEST(Bar, leaves_out_what_is_zero) {
  EXPECT_EQ(drawn({{0, '#'}, {50, 'P'}}, 100, 4), "[PP..]");
  EXPECT_EQ(drawn({}, 100, 3), "[...]");
}

TEST(Bar, stays_in_its_brackets_whatever_the_numbers_say) {
  EXPECT_EQ(drawn({{500, '#'}, {500, 'w'}}, 100, 4), "[####]");
  EXPECT_EQ(drawn({{5, '#'}}, 0, 4), "[....]");
  EXPECT_EQ(drawn({{5, '#'}}, 10, 0), "[]");
}

}  // namespace
}  // namespace objctl
