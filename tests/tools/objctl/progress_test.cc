// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/progress.hh"

#include <gtest/gtest.h>

namespace objctl {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(ProgressLine, tells_share_rate_and_time_left) {
  EXPECT_EQ(progress_line("model.bin", kGiB, 4 * kGiB, 2, 80),
            "model.bin  [#####..................]   25%  1 GiB of 4 GiB  512 MiB/s  0:06 left");
}

TEST(ProgressLine, has_no_share_where_the_total_is_unknown) {
  EXPECT_EQ(progress_line("standard input", kGiB, 0, 2, 80), "standard input  1 GiB  512 MiB/s");
}

TEST(ProgressLine, promises_nothing_before_the_first_byte) {
  EXPECT_EQ(progress_line("f", 0, kGiB, 0, 50), "f    0%  0 B of 1 GiB  0 B/s  -:-- left");
}

TEST(ProgressLine, gives_up_the_bar_and_then_the_label_when_space_is_short) {
  EXPECT_EQ(progress_line("model.bin", kGiB, 2 * kGiB, 1, 57),
            "model.bin   50%  1 GiB of 2 GiB  1 GiB/s  0:01 left");
  EXPECT_EQ(progress_line("model.bin", kGiB, 2 * kGiB, 1, 45),
            " 50%  1 GiB of 2 GiB  1 GiB/s  0:01 left");
  EXPECT_EQ(progress_line("model.bin", kGiB, 2 * kGiB, 1, 10), " 50%  1 Gi");
}

TEST(ProgressLine, never_leaves_its_columns) {
  for (size_t columns = 1; columns < 200; columns++) {
    const std::string line = progress_line("file", 999 * kGiB, 1000 * kGiB, 1e6, columns);
    EXPECT_LE(line.size(), columns);
  }
}

TEST(ProgressLine, makes_labels_harmless) {
  const std::string line = progress_line("a\x1b[31m", 1, 2, 1, 80);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace objctl
