// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/size_text.hh"

#include <gtest/gtest.h>

namespace objctl {
namespace {

TEST(HumanSize, uses_powers_of_1024_and_at_most_one_decimal) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1024), "1 KiB");
  EXPECT_EQ(human_size(1536), "1.5 KiB");
  EXPECT_EQ(human_size(uint64_t{64} << 20), "64 MiB");
  EXPECT_EQ(human_size(uint64_t{5} << 30, ""), "5GiB");
  EXPECT_EQ(human_size(UINT64_MAX), "16 EiB");
}

TEST(HumanSize, never_shows_1024_of_a_unit) {
  EXPECT_EQ(human_size((1u << 20) - 1), "1 MiB");
  EXPECT_EQ(human_size(1024 * 1024 - 51), "1 MiB");
  EXPECT_EQ(human_size(1024 * 1024 - 103), "1023.9 KiB");
}

TEST(Grouped, puts_a_comma_before_each_third_digit) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1048576), "1,048,576");
  EXPECT_EQ(grouped(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(ParseSize, takes_bytes_and_units_in_their_usual_spellings) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("4096"), 4096u);
  for (const char* text : {"64K", "64k", "64kb", "64KB", "64KiB", "64 KiB"}) {
    EXPECT_EQ(parse_size(text), 65536u) << text;
  }
  EXPECT_EQ(parse_size("1.5GiB"), uint64_t{3} << 29);
  EXPECT_EQ(parse_size("2T"), uint64_t{2} << 40);
  EXPECT_EQ(parse_size("7B"), 7u);
}

TEST(ParseSize, refuses_what_is_no_size) {
  for (const char* text :
       {"", "K", "-1", "1X", "1KK", "1KiBs", "0x10", "nan", "inf", "1e3", "1  K"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(ParseSize, refuses_what_has_no_place_in_64_bits) {
  EXPECT_EQ(parse_size("16383P"), uint64_t{16383} << 50);
  EXPECT_EQ(parse_size("16384P"), std::nullopt);
  EXPECT_EQ(parse_size("99999999999999999999"), std::nullopt);
}

}  // namespace
}  // namespace objctl
