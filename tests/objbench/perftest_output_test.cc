// SPDX-License-Identifier: Apache-2.0
// Goal: the yardstick's output is understood as that program means it, or refused.
// Method: what ucx_perftest of UCX 1.13 prints with -v -f, and what it prints when it fails.
#include "tools/objbench/perftest_output.hh"

#include <gtest/gtest.h>

namespace objbench {
namespace {

constexpr const char* kTitles =
    "iterations,50.0_percentile_lat,avg_lat,overall_lat,avg_bw,overall_bw,avg_mr,overall_mr\n";

TEST(PerftestOutput, gives_the_numbers_of_the_last_line) {
  const auto result = perftest_result(
      std::string(kTitles) + "[thread 0]1142,3.691,441.257,441.257,0.14,0.14,2266,2266\n" +
      "          16,32632.116,32715.991,32715.992,1956.23,1900.5,31,30\n");
  ASSERT_TRUE(result) << result.error();
  EXPECT_DOUBLE_EQ(result->latency_us, 32632.116);
  EXPECT_DOUBLE_EQ(result->bytes_per_second, 1900.5 * (1 << 20));
  EXPECT_DOUBLE_EQ(result->operations_per_second, 30);
}

TEST(PerftestOutput, needs_no_newline_at_the_end) {
  EXPECT_TRUE(perftest_result("1,2,3,4,5,6,7,8"));
}

TEST(PerftestOutput, refuses_what_is_no_result_and_quotes_it) {
  for (const char* text : {"", "\n\n", kTitles, "1,2,3,4,5,6,7", "1,2,3,4,5,6,7,8,9", "1;2",
                           "1,2,3,4,5,6,7,x", ",,,,,,,"}) {
    EXPECT_FALSE(perftest_result(text)) << text;
  }
  const auto refused = perftest_result("bind failed: Address already in use\n");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("Address already in use"), std::string::npos);
}

}  // namespace
}  // namespace objbench
