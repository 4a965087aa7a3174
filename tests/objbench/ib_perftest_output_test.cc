// SPDX-License-Identifier: Apache-2.0
// Goal: the yardstick's output is understood as that program means it, or refused.
// Method: what perftest 6.06 prints, and what it prints when it fails.
#include "tools/objbench/ib_perftest_output.hh"

#include <gtest/gtest.h>

#include <string>

namespace objbench {
namespace {

const std::string kHead =
    "Device not recognized to implement inline feature. Disabling it\n"
    "---------------------------------------------------------------------------------------\n"
    "                    RDMA_Read BW Test\n"
    " Mtu             : 4096[B]\n"
    " GID: 00:00:00:00:00:00:00:00:00:00:255:255:10:99:00:01\n"
    "---------------------------------------------------------------------------------------\n";
const std::string kBandwidthTitles =
    " #bytes     #iterations    BW peak[Gb/sec]    BW average[Gb/sec]   MsgRate[Mpps]\n";
const std::string kLatencyTitles =
    " #bytes #iterations    t_min[usec]    t_max[usec]  t_typical[usec]    t_avg[usec]    "
    "t_stdev[usec]   99% percentile[usec]   99.9% percentile[usec] \n";

TEST(IbPerftestOutput, bandwidth_is_the_average_in_decimal_gigabits) {
  const auto result = ib_bandwidth(kHead + kBandwidthTitles +
                                   " 1048576    300              8.04               6.20  \t\t"
                                   "   0.000739\n------\n");
  ASSERT_TRUE(result) << result.error();
  EXPECT_DOUBLE_EQ(result->bytes_per_second, 6.20e9 / 8);
  EXPECT_DOUBLE_EQ(result->reads_per_second, 739);
}

TEST(IbPerftestOutput, latency_is_the_typical_one) {
  const auto result = ib_latency_us(
      kHead + kLatencyTitles +
      " 4096    1000          13.17          181.31       13.89    \t       14.86       \t5.96   "
      "\t\t55.79   \t\t181.31 \n");
  ASSERT_TRUE(result) << result.error();
  EXPECT_DOUBLE_EQ(*result, 13.89);
}

TEST(IbPerftestOutput, needs_of_all_numbers_only_its_own) {
  const std::string at_high_load =
      " 4096    1000          52.57          64507.78      74.44    \t       1046.41     \t-nan   "
      "\t\t46827.43 \t\t64507.78\n";
  const auto result = ib_latency_us(kLatencyTitles + at_high_load);
  ASSERT_TRUE(result) << result.error();
  EXPECT_DOUBLE_EQ(*result, 74.44);
  EXPECT_FALSE(ib_latency_us(kLatencyTitles + " 4096 1000 1 2 nan 3 4 5 6\n"));
  EXPECT_FALSE(ib_bandwidth(kBandwidthTitles + " 4096 1000 1 -nan 2\n"));
}

TEST(IbPerftestOutput, refuses_what_is_no_result_and_quotes_it) {
  const std::string units_of_another_run =
      " #bytes     #iterations    BW peak[MB/sec]    BW average[MB/sec]   MsgRate[Mpps]\n";
  for (const std::string& text :
       {std::string(), kHead, kHead + kBandwidthTitles, kBandwidthTitles + " 1 2 3 4\n",
        kBandwidthTitles + " 1 2 3 4 5 6\n", kBandwidthTitles + " 1 2 3 4 x\n",
        units_of_another_run + " 1 2 3 4 5\n", std::string(" 1 2 3 4 5\n")}) {
    EXPECT_FALSE(ib_bandwidth(text)) << text;
  }
  EXPECT_FALSE(ib_latency_us(kBandwidthTitles + " 1 2 3 4 5\n"));
  const auto refused = ib_latency_us("Couldn't connect to 127.0.0.1:18515\n");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("Couldn't connect"), std::string::npos);
}

}  // namespace
}  // namespace objbench
