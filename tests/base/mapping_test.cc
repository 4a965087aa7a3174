// SPDX-License-Identifier: Apache-2.0
// Mapping: alignment, sharing, access, move, and that nothing stays mapped afterwards.
#include "base/mapping.hh"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <utility>

#include "base/memory_file.hh"

namespace obj {
namespace {

constexpr char kName[] = "objd-of-a-test";
constexpr uint64_t kSizeBytes = uint64_t{3} * 4096;
constexpr uint64_t kTwoMiB = uint64_t{2} << 20;

UniqueFd make_file(uint64_t size_bytes = kSizeBytes) {
  return create_memory_file(kName, size_bytes, PageSize::kSystem).value();
}

Mapping map(const UniqueFd& file, uint64_t align_bytes = 4096) {
  return Mapping::map(file.get(), kSizeBytes, Mapping::Access::kReadWrite, align_bytes).value();
}

// mincore(2) fails with ENOMEM for a page that is not mapped. page: the first byte of one.
bool is_mapped(const std::byte* page) {
  unsigned char resident;
  return ::mincore(const_cast<std::byte*>(page), 1, &resident) == 0;
}

uint64_t address_of(const Mapping& mapping) {
  return reinterpret_cast<uintptr_t>(mapping.bytes().data());
}

TEST(Mapping, is_aligned_for_huge_pages_or_as_asked) {
  const UniqueFd file = make_file();
  EXPECT_EQ(address_of(map(file)) % kTwoMiB, 0u);
  const uint64_t one_gib = 512 * kTwoMiB;
  EXPECT_EQ(address_of(map(file, one_gib)) % one_gib, 0u);
}

TEST(Mapping, spans_exactly_the_size_and_leaves_no_reservation_beside_it) {
  const UniqueFd file = make_file();
  const Mapping mapping = map(file);
  const auto bytes = mapping.bytes();
  EXPECT_EQ(bytes.size(), kSizeBytes);
  EXPECT_TRUE(is_mapped(bytes.data() + bytes.size() - 4096));
  EXPECT_FALSE(is_mapped(bytes.data() + bytes.size()));
}

TEST(Mapping, two_mappings_of_a_file_share_its_bytes) {
  const UniqueFd file = make_file();
  const Mapping writer = map(file);
  const Mapping reader =
      Mapping::map(file.get(), kSizeBytes, Mapping::Access::kReadOnly, 4096).value();
  writer.bytes()[5000] = std::byte{42};
  EXPECT_EQ(reader.bytes()[5000], std::byte{42});
}

TEST(Mapping, outlives_the_descriptor) {
  const Mapping mapping = map(make_file());
  mapping.bytes()[0] = std::byte{1};
  EXPECT_EQ(mapping.bytes()[0], std::byte{1});
}

TEST(Mapping, is_unmapped_at_the_end_of_its_life) {
  const UniqueFd file = make_file();
  const std::byte* address = nullptr;
  {
    const Mapping mapping = map(file);
    address = mapping.bytes().data();
    ASSERT_TRUE(is_mapped(address));
  }
  EXPECT_FALSE(is_mapped(address));
}

TEST(Mapping, moves_its_ownership) {
  const UniqueFd file = make_file();
  Mapping first = map(file);
  const std::byte* const address = first.bytes().data();
  Mapping second;
  EXPECT_TRUE(second.bytes().empty());
  second = std::move(first);
  EXPECT_EQ(second.bytes().data(), address);
  EXPECT_TRUE(is_mapped(address));
}

TEST(Mapping, is_kept_out_of_core_dumps) {
  const UniqueFd file = make_file();
  const Mapping mapping = map(file);
  std::ifstream smaps("/proc/self/smaps");
  bool in_mapping = false;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find(kName) != std::string::npos) in_mapping = true;
    if (in_mapping && line.starts_with("VmFlags:")) {
      EXPECT_NE(line.find(" dd"), std::string::npos) << line;
      return;
    }
  }
  ADD_FAILURE() << "mapping not found in /proc/self/smaps";
}

TEST(Mapping, fails_when_the_descriptor_does_not_allow_the_access) {
  const UniqueFd file = make_file();
  const UniqueFd read_only = reopen_read_only(file).value();
  const auto refused = Mapping::map(read_only.get(), kSizeBytes, Mapping::Access::kReadWrite, 4096);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kSystem);
  EXPECT_EQ(refused.error().system_errno, EACCES);
}

TEST(Mapping, fails_as_out_of_memory_when_no_address_space_is_left) {
  const UniqueFd file = make_file();
  const auto refused =
      Mapping::map(file.get(), uint64_t{1} << 60, Mapping::Access::kReadWrite, 4096);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOutOfMemory);
}

TEST(MappingDeathTest, refuses_sizes_and_alignments_that_cannot_be) {
  const UniqueFd file = make_file();
  const auto read_only = Mapping::Access::kReadOnly;
  EXPECT_DEATH((void)Mapping::map(file.get(), 0, read_only, 4096), "size_bytes > 0");
  EXPECT_DEATH((void)Mapping::map(file.get(), 4096, read_only, 3), "has_single_bit");
}

}  // namespace
}  // namespace obj
