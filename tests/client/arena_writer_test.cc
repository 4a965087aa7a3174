// SPDX-License-Identifier: Apache-2.0
// tests/client/arena_writer_test.cc -- bytes arrive whole, and ranges are mapped once.
#include "client/arena_writer.hh"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "base/mapping.hh"
#include "base/memory_file.hh"
#include "store/shared/slot.hh"

namespace obj::client {
namespace {

constexpr uint64_t kArenaBytes = 16 << 20;
constexpr uint64_t kMiB = 1 << 20;

// An arena that the daemon filled and that this process has mapped anew.
class ArenaWriterTest : public testing::Test {
 protected:
  UniqueFd file_ = create_memory_file("arena", kArenaBytes, PageSize::kSystem).value();
  Mapping arena_ =
      Mapping::map(file_.get(), kArenaBytes, Mapping::Access::kReadWrite, 4096).value();
  ArenaWriter writer_{arena_.bytes(), 4096};

  static std::vector<char> bytes(size_t count) {
    std::vector<char> made(count);
    std::iota(made.begin(), made.end(), static_cast<char>(count));
    return made;
  }
  std::string at(uint64_t offset, size_t count) const {
    return {reinterpret_cast<const char*>(arena_.bytes().data()) + offset, count};
  }
};

TEST_F(ArenaWriterTest, writes_data_and_metadata_where_they_belong_at_every_size) {
  uint64_t offset = 0;
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{4095},
                              ArenaWriter::kPopulateMinBytes, kMiB + 1, 5 * kMiB + 12345}) {
    const auto data = bytes(size);
    const std::string metadata = "meta";
    writer_.write(offset, data.data(), data.size(), metadata.data(), metadata.size());
    EXPECT_EQ(at(offset, size), std::string(data.begin(), data.end())) << size;
    EXPECT_EQ(at(offset + metadata_offset(size), 4), metadata) << size;
    offset = (offset + size + 8 + 4095) & ~uint64_t{4095};
  }
}

TEST_F(ArenaWriterTest, notes_whole_chunks_that_were_mapped_and_no_others) {
  const auto data = bytes(3 * kMiB);
  writer_.write(4096, data.data(), data.size(), nullptr, 0);
  EXPECT_FALSE(writer_.is_populated(4096));  // its first page is not mapped
  for (uint64_t offset = ArenaWriter::kChunkBytes; offset < 3 * kMiB;
       offset += ArenaWriter::kChunkBytes) {
    EXPECT_TRUE(writer_.is_populated(offset)) << offset;
  }
  EXPECT_FALSE(writer_.is_populated(3 * kMiB));  // only its first page is
  EXPECT_FALSE(writer_.is_populated(4 * kMiB));
}

TEST_F(ArenaWriterTest, does_not_map_ahead_for_small_objects) {
  const auto data = bytes(ArenaWriter::kPopulateMinBytes - 1);
  writer_.write(0, data.data(), data.size(), nullptr, 0);
  EXPECT_FALSE(writer_.is_populated(0));
}

TEST_F(ArenaWriterTest, maps_whole_huge_pages) {
  ArenaWriter huge(arena_.bytes(), 2 * kMiB);
  const auto data = bytes(4 * kMiB);
  huge.write(3 * kMiB, data.data(), data.size(), nullptr, 0);
  EXPECT_FALSE(huge.is_populated(2 * kMiB - 1));
  EXPECT_TRUE(huge.is_populated(2 * kMiB));
  EXPECT_TRUE(huge.is_populated(8 * kMiB - 1));
  EXPECT_FALSE(huge.is_populated(8 * kMiB));
  EXPECT_EQ(at(3 * kMiB, data.size()), std::string(data.begin(), data.end()));
}

TEST_F(ArenaWriterTest, writes_up_to_the_last_byte_of_the_arena) {
  const auto data = bytes(kArenaBytes);
  writer_.write(0, data.data(), data.size(), nullptr, 0);
  EXPECT_EQ(at(kArenaBytes - 16, 16), std::string(data.end() - 16, data.end()));
  EXPECT_TRUE(writer_.is_populated(kArenaBytes - 1));
}

}  // namespace
}  // namespace obj::client
