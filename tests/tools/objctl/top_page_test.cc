// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/top_page.hh"

#include <gtest/gtest.h>

namespace objctl {
namespace {

Json report(uint64_t puts, uint64_t evicted_bytes, const char* incarnation = "a") {
  return {{"version", "0.1.0"},
          {"incarnation", incarnation},
          {"arena", {{"capacity_bytes", 1024}, {"free_bytes", 512}}},
          {"counters", {{"puts", puts}, {"evicted_bytes", evicted_bytes}}}};
}

bool has(const std::string& page, const char* text) { return page.find(text) != std::string::npos; }

TEST(TopPage, shows_totals_but_no_rates_at_first) {
  const std::string page = top_page(report(1000, 2048), Json(), 0, 80);
  EXPECT_TRUE(has(page, "  puts  -  1,000  evicted  -  2 KiB\n")) << page;
}

TEST(TopPage, shows_rates_from_two_reports) {
  const std::string page = top_page(report(31000, 4096), report(1000, 2048), 2, 80);
  EXPECT_TRUE(has(page, "  puts  15,000/s  31,000  evicted  1 KiB/s  4 KiB\n")) << page;
  const std::string slow = top_page(report(1003, 0), report(1000, 0), 2, 80);
  EXPECT_TRUE(has(slow, "puts  1.5/s  1,003")) << slow;
}

TEST(TopPage, shows_no_rates_across_a_restart_of_objd) {
  EXPECT_TRUE(has(top_page(report(5000, 0, "b"), report(1000, 0, "a"), 2, 80), "puts  -  5,000"));
  EXPECT_TRUE(has(top_page(report(500, 0), report(1000, 0), 2, 80), "puts  -  500"));
  EXPECT_TRUE(has(top_page(report(5000, 0), report(1000, 0), 0, 80), "puts  -  5,000"));
}

TEST(TopPage, fits_its_bar_to_the_terminal) {
  const auto width_of_bar = [](size_t columns) {
    const std::string page = top_page(report(0, 0), Json(), 0, columns);
    return page.find(']') - page.find('[') - 1;
  };
  EXPECT_EQ(width_of_bar(1), 10u);
  EXPECT_EQ(width_of_bar(80), 56u);
  EXPECT_EQ(width_of_bar(500), 80u);
}

}  // namespace
}  // namespace objctl
