// SPDX-License-Identifier: Apache-2.0
// Goal: whether huge pages suffice, and what would mend it, is read rightly from the kernel's
// files.
#include "store/huge_page_pool.hh"

#include <gtest/gtest.h>

#include "tests/store/fake_system.hh"

namespace obj {
namespace {

const std::string kOvercommit = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages";

TEST(HugePagePool, counts_pages_set_aside_and_pages_that_may_be_taken) {
  const FakeSystem system;
  system.set_huge_pages(10, 3, 20, 5);
  const SystemFiles files = system.files();
  const HugePagePool pool(files, PageSize::kHuge2M);
  EXPECT_EQ(pool.set_aside(), 7u);
  EXPECT_TRUE(pool.suffices(22));
  EXPECT_FALSE(pool.suffices(23));
}

TEST(HugePagePool, is_empty_where_the_kernel_has_none) {
  const FakeSystem system;
  const SystemFiles files = system.files();
  HugePagePool pool(files, PageSize::kHuge1G);
  EXPECT_FALSE(pool.suffices(1));
  EXPECT_FALSE(pool.allow(1));
}

TEST(HugePagePool, raises_the_limit_by_what_is_missing) {
  const FakeSystem system;
  system.set_huge_pages(10, 3, 8, 5);
  const SystemFiles files = system.files();
  HugePagePool pool(files, PageSize::kHuge2M);
  EXPECT_TRUE(pool.allow(20));
  EXPECT_EQ(files.read_number(kOvercommit), 5u + 20 - 7);
  EXPECT_TRUE(pool.suffices(20));
  EXPECT_FALSE(pool.suffices(21));
}

TEST(HugePagePool, never_lowers_the_limit) {
  const FakeSystem system;
  system.set_huge_pages(0, 0, 1000, 0);
  const SystemFiles files = system.files();
  HugePagePool pool(files, PageSize::kHuge2M);
  EXPECT_TRUE(pool.allow(20));
  EXPECT_EQ(files.read_number(kOvercommit), 1000u);
}

TEST(HugePagePool, names_the_line_that_mends_it) {
  const FakeSystem system;
  system.set_huge_pages(10, 3, 8, 5);
  const SystemFiles files = system.files();
  EXPECT_EQ(HugePagePool(files, PageSize::kHuge2M).mend(20),
            "sysctl vm.nr_overcommit_hugepages=18");
  EXPECT_EQ(HugePagePool(files, PageSize::kHuge1G).mend(3),
            "echo 3 > /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages");
}

TEST(TransparentHugePages, follow_the_kernels_switches) {
  const FakeSystem system;
  EXPECT_FALSE(transparent_huge_pages_offered(system.files()));
  system.set_transparent("always within_size advise [never] deny force\n");
  EXPECT_FALSE(transparent_huge_pages_offered(system.files()));
  system.set_transparent("always within_size [advise] never deny force\n");
  EXPECT_TRUE(transparent_huge_pages_offered(system.files()));
  const std::string of_size = "/sys/kernel/mm/transparent_hugepage/hugepages-2048kB/shmem_enabled";
  system.write(of_size, "always [inherit] within_size advise never\n");
  EXPECT_TRUE(transparent_huge_pages_offered(system.files()));
  system.write(of_size, "always inherit within_size advise [never]\n");
  EXPECT_FALSE(transparent_huge_pages_offered(system.files()));
  system.set_transparent("always within_size advise [never] deny force\n");
  system.write(of_size, "[always] inherit within_size advise never\n");
  EXPECT_TRUE(transparent_huge_pages_offered(system.files()));
  system.write(of_size, "]always[");
  EXPECT_FALSE(transparent_huge_pages_offered(system.files()));
}

}  // namespace
}  // namespace obj
