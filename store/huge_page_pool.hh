// SPDX-License-Identifier: Apache-2.0
// store/huge_page_pool.hh -- the kernel's stock of huge pages: is there enough, and what mends it.
#pragma once

#include <cstdint>
#include <string>

#include "base/memory_file.hh"
#include "store/system_files.hh"

namespace obj {

// The hugetlb pool of one page size.
//
// Pages come from what was set aside (nr_hugepages) and, up to nr_overcommit_hugepages, from
// ordinary memory at the moment of mmap ("surplus"). Surplus pages go back by themselves when the
// last user of the file is gone, even after a SIGKILL: so that is the number we raise.
class HugePagePool {
 public:
  // REQUIRES: page_size is kHuge2M or kHuge1G.
  HugePagePool(const SystemFiles& files, PageSize page_size);

  // Pages that were set aside and that nobody has claimed.
  uint64_t set_aside() const { return set_aside_; }
  bool suffices(uint64_t pages) const { return pages <= set_aside_ + surplus_allowed_; }

  // Raises the overcommit limit, never lowers it, so that `pages` suffice. False if not permitted.
  bool allow(uint64_t pages);

  // The shell line with which an operator makes `pages` suffice.
  std::string mend(uint64_t pages) const;

 private:
  void read();
  uint64_t overcommit_for(uint64_t pages) const;

  const SystemFiles& files_;
  PageSize page_size_;
  std::string folder_;
  uint64_t set_aside_ = 0;
  uint64_t surplus_allowed_ = 0;  // that may still be taken
  uint64_t surplus_ = 0;          // taken by anyone
};

// Whether a memfd that asks (MADV_HUGEPAGE) gets transparent 2 MiB pages.
bool transparent_huge_pages_offered(const SystemFiles& files);
inline constexpr const char* kTransparentMend =
    "echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled";

}  // namespace obj
