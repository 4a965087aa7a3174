// SPDX-License-Identifier: Apache-2.0
// Goal: an arena is there whole or refused with cause and mend, and falls back loudly from pages
// that cannot be had. Method: made-up /proc and /sys folders, and a small real arena.
#include "store/arena.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>

#include "tests/store/fake_system.hh"

namespace obj {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Of `system`, with no other demands.
ArenaOptions options_in(const FakeSystem& system, uint64_t size_bytes, HugePages huge_pages) {
  return {.size_bytes = size_bytes, .huge_pages = huge_pages, .system_root = system.root()};
}

TEST(Arena, is_populated_zero_and_writable) {
  const auto arena = Arena::create({.size_bytes = 8 * kMiB, .huge_pages = HugePages::kOff});
  ASSERT_TRUE(arena.has_value()) << arena.error().sentence;
  ASSERT_EQ(arena->bytes().size(), 8 * kMiB);
  std::vector<unsigned char> is_present(8 * kMiB / 4096);
  ASSERT_EQ(::mincore(arena->bytes().data(), 8 * kMiB, is_present.data()), 0);
  EXPECT_EQ(std::ranges::count(is_present, 1), static_cast<ptrdiff_t>(is_present.size()));
  EXPECT_TRUE(
      std::ranges::all_of(arena->bytes(), [](std::byte byte) { return byte == std::byte{0}; }));
  arena->bytes()[8 * kMiB - 1] = std::byte{1};
  EXPECT_EQ(arena->page_size(), PageSize::kSystem);
  EXPECT_EQ(arena->pages_text(), "4K");
  EXPECT_GT(arena->populate_seconds(), 0.0);
  EXPECT_TRUE(arena->notes().empty());
}

TEST(Arena, gives_readers_a_descriptor_that_cannot_write) {
  const auto arena = Arena::create({.size_bytes = 2 * kMiB, .huge_pages = HugePages::kOff});
  ASSERT_TRUE(arena.has_value());
  const int fd = arena->read_only_file().get();
  EXPECT_EQ(::mmap(nullptr, 2 * kMiB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  const auto reader = Mapping::map(fd, 2 * kMiB, Mapping::Access::kReadOnly, 4096);
  ASSERT_TRUE(reader.has_value());
  const auto writer =
      Mapping::map(arena->read_write_file().get(), 2 * kMiB, Mapping::Access::kReadWrite, 4096);
  ASSERT_TRUE(writer.has_value());
  writer->bytes()[100] = std::byte{5};
  EXPECT_EQ(reader->bytes()[100], std::byte{5});
  EXPECT_EQ(arena->bytes()[100], std::byte{5});
}

TEST(Arena, is_kept_out_of_core_dumps) {
  const auto arena = Arena::create({.size_bytes = 2 * kMiB, .huge_pages = HugePages::kOff});
  ASSERT_TRUE(arena.has_value());
  const std::string smaps = SystemFiles().read("/proc/self/smaps").value_or("");
  const size_t mapping = smaps.find("/memfd:objd-arena");
  ASSERT_NE(mapping, smaps.npos);
  const size_t flags = smaps.find("VmFlags:", mapping);
  EXPECT_THAT(smaps.substr(flags, smaps.find('\n', flags) - flags), HasSubstr(" dd"));
}

TEST(Arena, is_refused_beyond_the_memory_that_is_available) {
  const FakeSystem system;
  system.set_memory(1000 * kMiB, 101 * kMiB);
  const auto arena = Arena::create(options_in(system, 200 * kMiB, HugePages::kAuto));
  ASSERT_FALSE(arena.has_value());
  EXPECT_EQ(arena.error().error.code, ErrorCode::kOutOfMemory);
  EXPECT_THAT(arena.error().sentence,
              AllOf(HasSubstr("200 MiB"), HasSubstr("101 MiB"), HasSubstr("MemAvailable"),
                    HasSubstr("object_store_memory=" + std::to_string(100 * kMiB))));
}

TEST(Arena, is_refused_beyond_the_limit_of_its_cgroup) {
  const FakeSystem system;
  system.set_memory(1000 * kMiB, 900 * kMiB);
  system.write("/proc/self/cgroup", "0::/job\n");
  system.write("/sys/fs/cgroup/job/memory.max", std::to_string(64 * kMiB));
  const auto arena = Arena::create(options_in(system, 200 * kMiB, HugePages::kOff));
  ASSERT_FALSE(arena.has_value());
  EXPECT_THAT(arena.error().sentence,
              AllOf(HasSubstr("64 MiB"), HasSubstr("/sys/fs/cgroup/job/memory.max")));
}

TEST(Arena, is_refused_for_sizes_beyond_any_machine) {
  for (const uint64_t size_bytes : {UINT64_MAX, UINT64_MAX - kMiB, uint64_t{1} << 62}) {
    for (const HugePages huge_pages : {HugePages::kOff, HugePages::k2M, HugePages::k1G}) {
      const auto arena = Arena::create({.size_bytes = size_bytes, .huge_pages = huge_pages});
      ASSERT_FALSE(arena.has_value());
      EXPECT_EQ(arena.error().error.code, ErrorCode::kOutOfMemory);
    }
  }
}

TEST(Arena, takes_30_percent_of_what_is_usable_by_default) {
  const FakeSystem system;
  system.set_memory(15 * kMiB, 15 * kMiB);
  const auto arena = Arena::create(options_in(system, 0, HugePages::kOff));
  ASSERT_TRUE(arena.has_value());
  EXPECT_EQ(arena->bytes().size(), 4 * kMiB);  // 4.5, rounded down to 2 MiB
  EXPECT_EQ(default_arena_bytes(), usable_memory_bytes() / 10 * 3 / (2 * kMiB) * (2 * kMiB));
  EXPECT_GT(default_arena_bytes(), 0u);
}

TEST(Arena, is_refused_where_30_percent_is_nothing) {
  const FakeSystem system;
  system.set_memory(kMiB, kMiB);
  EXPECT_FALSE(Arena::create(options_in(system, 0, HugePages::kOff)).has_value());
}

TEST(Arena, is_refused_where_memory_cannot_be_read) {
  const FakeSystem system;
  const auto arena = Arena::create(options_in(system, kMiB, HugePages::kOff));
  ASSERT_FALSE(arena.has_value());
  EXPECT_THAT(arena.error().sentence, HasSubstr("/proc/meminfo"));
}

TEST(Arena, falls_back_loudly_when_huge_pages_are_too_few) {
  const FakeSystem system;
  system.set_memory(1000 * kMiB, 900 * kMiB);
  system.set_huge_pages(1, 0, 2, 0);
  system.set_transparent("always within_size advise [never] deny force\n");
  for (const HugePages huge_pages : {HugePages::k2M, HugePages::kAuto}) {
    const auto arena = Arena::create(options_in(system, 8 * kMiB, huge_pages));
    ASSERT_TRUE(arena.has_value());
    EXPECT_EQ(arena->pages_text(), "4K");
    EXPECT_THAT(
        arena->notes(),
        ElementsAre(AllOf(HasSubstr("pages=hugetlb-2M"), HasSubstr("needed=4"),
                          HasSubstr("mend=sysctl vm.nr_overcommit_hugepages=3")),
                    AllOf(HasSubstr("pages=transparent"), HasSubstr("mend=echo advise >"))));
  }
}

TEST(Arena, falls_back_loudly_when_the_kernel_refuses_what_its_files_promise) {
  const FakeSystem system;
  // More than a process has addresses for, so that no attempt gets as far as taking memory.
  const uint64_t size_bytes = uint64_t{1} << 52;
  system.set_memory(2 * size_bytes, 2 * size_bytes);
  system.set_huge_pages(size_bytes / (2 * kMiB), 0, 0, 0);
  const auto arena = Arena::create(options_in(system, size_bytes, HugePages::k2M));
  ASSERT_FALSE(arena.has_value());
  EXPECT_THAT(arena.error().sentence, AllOf(HasSubstr("cannot get"), HasSubstr("errno")));
}

TEST(Arena, does_not_raise_the_limit_of_huge_pages_unasked) {
  const FakeSystem system;
  system.set_memory(1000 * kMiB, 900 * kMiB);
  system.set_huge_pages(0, 0, 1, 0);
  const std::string limit = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages";
  ASSERT_TRUE(Arena::create(options_in(system, 8 * kMiB, HugePages::k2M)).has_value());
  EXPECT_EQ(system.files().read_number(limit), 1u);
  ArenaOptions options = options_in(system, 8 * kMiB, HugePages::k2M);
  options.reserve_huge_pages = true;
  ASSERT_TRUE(Arena::create(options).has_value());
  EXPECT_EQ(system.files().read_number(limit), 4u);
}

TEST(Arena, raises_no_limit_for_memory_that_is_not_there) {
  const FakeSystem system;
  system.set_memory(1000 * kMiB, 4 * kMiB);
  system.set_huge_pages(0, 0, 1, 0);
  ArenaOptions options = options_in(system, 8 * kMiB, HugePages::k2M);
  options.reserve_huge_pages = true;
  EXPECT_FALSE(Arena::create(options).has_value());
  const std::string limit = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages";
  EXPECT_EQ(system.files().read_number(limit), 1u);
}

TEST(Arena, uses_huge_pages_of_this_machine_if_it_has_any) {
  const auto arena = Arena::create({.size_bytes = 2 * kMiB, .huge_pages = HugePages::k2M});
  ASSERT_TRUE(arena.has_value()) << arena.error().sentence;
  EXPECT_EQ(arena->page_size() == PageSize::kHuge2M, arena->pages_text() == "hugetlb-2M");
  EXPECT_EQ(arena->page_size() == PageSize::kHuge2M, arena->notes().empty());
  arena->bytes()[kMiB] = std::byte{1};
}

}  // namespace
}  // namespace obj
