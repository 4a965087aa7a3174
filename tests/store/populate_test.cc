// SPDX-License-Identifier: Apache-2.0
// Goal: populated memory is present and keeps its content.
#include "store/populate.hh"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "base/mapping.hh"
#include "base/memory_file.hh"

namespace obj {
namespace {

size_t present_pages(std::span<std::byte> memory) {
  std::vector<unsigned char> is_present((memory.size() + 4095) / 4096);
  EXPECT_EQ(::mincore(memory.data(), memory.size(), is_present.data()), 0);
  return static_cast<size_t>(std::ranges::count(is_present, 1));
}

TEST(Populate, makes_every_page_present_and_keeps_what_is_there) {
  // More than one slice, and not a whole number of them.
  constexpr size_t kBytes = (size_t{130} << 20) + 4096;
  const auto file = create_memory_file("objd-test", kBytes, PageSize::kSystem);
  ASSERT_TRUE(file.has_value());
  const auto mapping = Mapping::map(file->get(), kBytes, Mapping::Access::kReadWrite, 4096);
  ASSERT_TRUE(mapping.has_value());
  mapping->bytes()[12345] = std::byte{7};
  EXPECT_EQ(present_pages(mapping->bytes()), 1u);
  ASSERT_TRUE(populate(mapping->bytes()).has_value());
  EXPECT_EQ(present_pages(mapping->bytes()), kBytes / 4096);
  EXPECT_EQ(mapping->bytes()[12345], std::byte{7});
  EXPECT_EQ(mapping->bytes()[kBytes - 1], std::byte{0});
}

TEST(Populate, does_nothing_for_nothing) { EXPECT_TRUE(populate({}).has_value()); }

TEST(Populate, reports_memory_that_cannot_be_had) {
  constexpr size_t kBytes = 8192;
  const auto file = create_memory_file("objd-test", kBytes, PageSize::kSystem);
  ASSERT_TRUE(file.has_value());
  const auto mapping = Mapping::map(file->get(), kBytes, Mapping::Access::kReadWrite, 4096);
  ASSERT_TRUE(mapping.has_value());
  ASSERT_EQ(::munmap(mapping->bytes().data() + 4096, 4096), 0);
  const auto populated = populate(mapping->bytes());
  ASSERT_FALSE(populated.has_value());
  EXPECT_EQ(populated.error().code, ErrorCode::kOutOfMemory);
}

}  // namespace
}  // namespace obj
