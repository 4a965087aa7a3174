// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/printable.hh"

#include <gtest/gtest.h>

namespace objctl {
namespace {

TEST(Printable, leaves_text_of_any_script_alone) {
  EXPECT_EQ(printable("train.py --x=1"), "train.py --x=1");
  EXPECT_EQ(printable("größe 数 🙂"), "größe 数 🙂");
}

TEST(Printable, replaces_bytes_that_steer_a_terminal) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a?[2Jb");
  EXPECT_EQ(printable("two\nlines\r\t"), "two?lines??");
  EXPECT_EQ(printable("\x7f"), "?");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "?");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "??31m");  // CSI as one code point of C1
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
}

TEST(Printable, replaces_what_is_not_utf8) {
  EXPECT_EQ(printable("\xff"), "?");
  EXPECT_EQ(printable("\x9b"), "?");           // CSI in eight bits
  EXPECT_EQ(printable("\xc0\x8a"), "??");      // newline, overlong
  EXPECT_EQ(printable("ab\xe2\x82"), "ab??");  // cut short
  EXPECT_EQ(printable("\xe2(\xa1"), "?(?");
}

TEST(DisplayColumns, counts_code_points) {
  EXPECT_EQ(display_columns(""), 0u);
  EXPECT_EQ(display_columns("größe"), 5u);
}

}  // namespace
}  // namespace objctl
