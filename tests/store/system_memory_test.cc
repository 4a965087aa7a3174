// SPDX-License-Identifier: Apache-2.0
// Goal: the memory that we may use is what the machine and every cgroup above us allow. Method:
// made-up /proc and /sys folders.
#include "store/system_memory.hh"

#include <gtest/gtest.h>

#include "tests/store/fake_system.hh"

namespace obj {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(SystemMemory, is_the_machines_without_cgroups) {
  const FakeSystem system;
  system.set_memory(16 * kGiB, 10 * kGiB);
  const auto memory = SystemMemory::read(system.files());
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->usable_bytes, 16 * kGiB);
  EXPECT_EQ(memory->available_bytes, 10 * kGiB);
  EXPECT_EQ(memory->bottleneck, "MemAvailable");
}

TEST(SystemMemory, is_an_error_without_meminfo) {
  const FakeSystem system;
  EXPECT_FALSE(SystemMemory::read(system.files()).has_value());
  system.write("/proc/meminfo", "nothing of use\n");
  EXPECT_FALSE(SystemMemory::read(system.files()).has_value());
}

TEST(SystemMemory, obeys_a_limit_of_cgroup_version_2) {
  const FakeSystem system;
  system.set_memory(16 * kGiB, 10 * kGiB);
  system.write("/proc/self/cgroup", "0::/job/objd\n");
  system.write("/sys/fs/cgroup/job/objd/memory.max", std::to_string(4 * kGiB) + "\n");
  system.write("/sys/fs/cgroup/job/objd/memory.current", std::to_string(3 * kGiB) + "\n");
  // Of what the group uses, half is page cache that the kernel would drop first.
  system.write("/sys/fs/cgroup/job/objd/memory.stat",
               "anon 1\ninactive_file " + std::to_string(kGiB + kGiB / 2) + "\n");
  const auto memory = SystemMemory::read(system.files());
  EXPECT_EQ(memory->usable_bytes, 4 * kGiB);
  EXPECT_EQ(memory->available_bytes, 2 * kGiB + kGiB / 2);
  EXPECT_EQ(memory->bottleneck, "/sys/fs/cgroup/job/objd/memory.max");
}

TEST(SystemMemory, obeys_the_tightest_of_the_cgroups_above) {
  const FakeSystem system;
  system.set_memory(16 * kGiB, 10 * kGiB);
  system.write("/proc/self/cgroup", "0::/a/b/c\n");
  system.write("/sys/fs/cgroup/a/b/c/memory.max", "max\n");
  system.write("/sys/fs/cgroup/a/b/memory.max", std::to_string(6 * kGiB));
  system.write("/sys/fs/cgroup/a/b/memory.current", std::to_string(kGiB));
  system.write("/sys/fs/cgroup/a/memory.max", std::to_string(8 * kGiB));
  system.write("/sys/fs/cgroup/a/memory.current", std::to_string(7 * kGiB));
  const auto memory = SystemMemory::read(system.files());
  EXPECT_EQ(memory->usable_bytes, 6 * kGiB);
  EXPECT_EQ(memory->available_bytes, kGiB);
  EXPECT_EQ(memory->bottleneck, "/sys/fs/cgroup/a/memory.max");
}

TEST(SystemMemory, obeys_a_limit_of_cgroup_version_1) {
  const FakeSystem system;
  system.set_memory(16 * kGiB, 10 * kGiB);
  system.write("/proc/self/cgroup", "9:name=systemd:/x\n4:cpu,memory:/job\n0::/y\n");
  system.write("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", std::to_string(2 * kGiB));
  system.write("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", std::to_string(kGiB));
  system.write("/sys/fs/cgroup/memory/job/memory.stat",
               "inactive_file 7\ntotal_inactive_file " + std::to_string(kGiB / 4) + "\n");
  system.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  const auto memory = SystemMemory::read(system.files());
  EXPECT_EQ(memory->usable_bytes, 2 * kGiB);
  EXPECT_EQ(memory->available_bytes, kGiB + kGiB / 4);
}

TEST(SystemMemory, finds_its_limit_in_a_container_that_sees_only_its_own_cgroup) {
  const FakeSystem system;
  system.set_memory(16 * kGiB, 10 * kGiB);
  system.write("/proc/self/cgroup", "4:memory:/docker/0123\n");
  system.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(3 * kGiB));
  system.write("/sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(kGiB));
  const auto memory = SystemMemory::read(system.files());
  EXPECT_EQ(memory->usable_bytes, 3 * kGiB);
  EXPECT_EQ(memory->available_bytes, 2 * kGiB);
}

TEST(SystemMemory, has_nothing_left_in_a_cgroup_that_is_over_its_limit) {
  const FakeSystem system;
  system.set_memory(16 * kGiB, 10 * kGiB);
  system.write("/proc/self/cgroup", "0::/\n");
  system.write("/sys/fs/cgroup/memory.max", std::to_string(kGiB));
  system.write("/sys/fs/cgroup/memory.current", std::to_string(2 * kGiB));
  EXPECT_EQ(SystemMemory::read(system.files())->available_bytes, 0u);
}

TEST(SystemMemory, survives_nonsense_about_cgroups) {
  for (const char* membership :
       {"", "\n", ":", "::", "x:memory", "4:memory:", "0::a/../b", "4:memory:////"}) {
    const FakeSystem system;
    system.set_memory(16 * kGiB, 10 * kGiB);
    system.write("/proc/self/cgroup", membership);
    EXPECT_EQ(SystemMemory::read(system.files())->usable_bytes, 16 * kGiB) << membership;
  }
}

TEST(SystemMemory, reads_this_machine) {
  const auto memory = SystemMemory::read(SystemFiles());
  ASSERT_TRUE(memory.has_value());
  EXPECT_GT(memory->usable_bytes, 0u);
  EXPECT_LE(memory->available_bytes, memory->usable_bytes);
}

TEST(SystemFiles, finds_numbers_by_the_whole_word_at_the_start_of_a_line) {
  const char* text = "xMemFree: 1 kB\nMemFreeAll: 2 kB\nMemFree:   3 kB\ninactive_file 4\n";
  EXPECT_EQ(number_after(text, "MemFree"), 3u);
  EXPECT_EQ(number_after(text, "inactive_file"), 4u);
  EXPECT_EQ(number_after(text, "Mem"), std::nullopt);
  EXPECT_EQ(number_after("MemFree: none\n", "MemFree"), std::nullopt);
  EXPECT_EQ(number_after("MemFree", "MemFree"), std::nullopt);
}

}  // namespace
}  // namespace obj
