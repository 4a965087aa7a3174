// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/time_text.hh"

#include <gtest/gtest.h>

#include <cmath>

namespace objctl {
namespace {

TEST(AgeText, shows_the_two_largest_units) {
  EXPECT_EQ(age_text(0.42), "0.4 s");
  EXPECT_EQ(age_text(12.9), "12 s");
  EXPECT_EQ(age_text(185), "3 min 5 s");
  EXPECT_EQ(age_text(2 * 3600 + 4 * 60 + 59), "2 h 4 min");
  EXPECT_EQ(age_text(9 * 86400 + 3 * 3600), "9 d 3 h");
}

TEST(ClockText, counts_up_to_the_next_second) {
  EXPECT_EQ(clock_text(0), "0:00");
  EXPECT_EQ(clock_text(6.1), "0:07");
  EXPECT_EQ(clock_text(754), "12:34");
  EXPECT_EQ(clock_text(3723), "1:02:03");
}

TEST(TimeTexts, survive_numbers_that_are_no_times) {
  EXPECT_EQ(age_text(-5), "0 s");
  EXPECT_EQ(age_text(std::nan("")), "0 s");
  EXPECT_EQ(clock_text(-5), "0:00");
  EXPECT_EQ(clock_text(INFINITY), clock_text(1e12));
}

}  // namespace
}  // namespace objctl
