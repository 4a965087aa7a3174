// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/terminal.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace objctl {
namespace {

TEST(Fit, cuts_lines_and_columns) {
  EXPECT_EQ(fit("abc\ndefgh\nij\n", {4, 2}), "abc\ndefg");
  EXPECT_EQ(fit("abc\n", {80, 24}), "abc");
  EXPECT_EQ(fit("\n\nx\n", {80, 24}), "\n\nx");
  EXPECT_EQ(fit("", {80, 24}), "");
}

TEST(Fit, does_not_cut_a_character_in_two) { EXPECT_EQ(fit("größe\n", {3, 1}), "grö"); }

TEST(TerminalSize, has_an_answer_where_there_is_no_terminal) {
  const int null = ::open("/dev/null", O_RDONLY);
  ASSERT_GE(null, 0);
  EXPECT_FALSE(is_terminal(null));
  EXPECT_EQ(terminal_size(null).columns, 80u);
  EXPECT_EQ(terminal_size(null).lines, 24u);
  ::close(null);
}

}  // namespace
}  // namespace objctl
