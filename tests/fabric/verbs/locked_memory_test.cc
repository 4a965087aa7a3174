// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/locked_memory.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace obj::verbs {
namespace {

using testing::HasSubstr;
constexpr uint64_t kMiB = 1 << 20;

TEST(LockedMemory, is_enough_without_a_limit_or_with_the_capability) {
  EXPECT_EQ(locked_memory_shortage({}, UINT64_MAX, 4), std::nullopt);
  EXPECT_EQ(locked_memory_shortage({.limit_bytes = 8 * kMiB, .is_unlimited = true}, 9 * kMiB, 1),
            std::nullopt);
}

TEST(LockedMemory, is_counted_for_each_port_and_on_top_of_what_is_pinned) {
  EXPECT_EQ(locked_memory_shortage({.limit_bytes = 8 * kMiB}, 8 * kMiB, 1), std::nullopt);
  EXPECT_NE(locked_memory_shortage({.limit_bytes = 8 * kMiB}, 8 * kMiB, 2), std::nullopt);
  EXPECT_NE(locked_memory_shortage({.limit_bytes = 8 * kMiB, .pinned_bytes = kMiB}, 8 * kMiB, 1),
            std::nullopt);
  EXPECT_NE(locked_memory_shortage({.limit_bytes = kMiB, .pinned_bytes = 9 * kMiB}, 1, 1),
            std::nullopt);
  EXPECT_NE(locked_memory_shortage({.limit_bytes = kMiB}, UINT64_MAX, 4), std::nullopt);
}

TEST(LockedMemory, that_lacks_is_told_in_numbers_with_what_mends_it) {
  const auto text = locked_memory_shortage({.limit_bytes = 8 * kMiB}, 4096 * kMiB, 2);
  ASSERT_TRUE(text.has_value());
  for (const char* part : {"4096 MiB", "each of 2 ports", "limit of 8 MiB", "LimitMEMLOCK=infinity",
                           "ulimit -l unlimited", "memlock=-1"}) {
    EXPECT_THAT(*text, HasSubstr(part));
  }
}

TEST(LockedMemory, is_read_of_this_process) {
  const LockedMemory now = LockedMemory::read();
  EXPECT_GT(now.limit_bytes, 0u);
}

}  // namespace
}  // namespace obj::verbs
