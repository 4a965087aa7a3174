// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/columns.hh"

#include <gtest/gtest.h>

namespace objctl {
namespace {

using Side = Columns::Side;

TEST(Columns, are_as_wide_as_their_widest_cell) {
  Columns columns({{"NAME", Side::kLeft}, {"SIZE", Side::kRight}, {"STATE", Side::kLeft}});
  columns.add({"a", "1 GiB", "sealed"});
  columns.add({"longer name", "5 B", "x"});
  EXPECT_EQ(columns.text(),
            "NAME          SIZE  STATE\n"
            "a            1 GiB  sealed\n"
            "longer name    5 B  x\n");
}

TEST(Columns, have_no_first_line_without_titles) {
  Columns columns({{"", Side::kLeft}, {"", Side::kLeft}}, 2);
  columns.add({"state", "sealed"});
  columns.add({"id", "7"});
  EXPECT_EQ(columns.text(), "  state  sealed\n  id     7\n");
}

TEST(Columns, count_code_points_not_bytes) {
  Columns columns({{"", Side::kLeft}, {"", Side::kLeft}});
  columns.add({"größe", "1"});
  columns.add({"12345", "2"});
  EXPECT_EQ(columns.text(), "größe  1\n12345  2\n");
}

TEST(Columns, fill_up_short_rows) {
  Columns columns({{"A", Side::kLeft}, {"B", Side::kRight}});
  EXPECT_TRUE(columns.empty());
  columns.add({"x"});
  EXPECT_FALSE(columns.empty());
  EXPECT_EQ(columns.text(), "A  B\nx\n");
}

}  // namespace
}  // namespace objctl
