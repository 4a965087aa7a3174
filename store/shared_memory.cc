// SPDX-License-Identifier: Apache-2.0
#include "store/shared_memory.hh"

#include <sys/mman.h>

#include <cstdio>
#include <string>
#include <utility>

#include "base/check.hh"
#include "store/populate.hh"

namespace obj {

PageSize page_size_of(PageKind kind) {
  switch (kind) {
    case PageKind::kSystem:
    case PageKind::kTransparent: return PageSize::kSystem;
    case PageKind::kHuge2M: return PageSize::kHuge2M;
    case PageKind::kHuge1G: return PageSize::kHuge1G;
  }
  check_failed(__FILE__, __LINE__, "page kind");
}

Result<SharedMemory> SharedMemory::create(const char* name, uint64_t size_bytes, PageKind kind) {
  const PageSize page_size = page_size_of(kind);
  OBJ_TRY(UniqueFd file, create_memory_file(name, size_bytes, page_size));
  OBJ_TRY(Mapping mapping,
          Mapping::map(file.get(), size_bytes, Mapping::Access::kReadWrite, page_bytes(page_size)));
  // Before the first touch: pages that are there already stay small.
  if (kind == PageKind::kTransparent) ::madvise(mapping.bytes().data(), size_bytes, MADV_HUGEPAGE);
  const auto populated = populate(mapping.bytes());
  if (!populated) return std::unexpected(populated.error());
  return SharedMemory{std::move(file), std::move(mapping)};
}

uint64_t transparent_bytes(const SystemFiles& files, std::span<const std::byte> memory) {
  char range[32];
  std::snprintf(range, sizeof range, "%08lx-", reinterpret_cast<uintptr_t>(memory.data()));
  const std::string smaps = files.read("/proc/self/smaps").value_or("");
  const size_t start = smaps.find(std::string("\n") + range);
  if (start == smaps.npos) return 0;
  return number_after(std::string_view(smaps).substr(start), "ShmemPmdMapped").value_or(0) * 1024;
}

}  // namespace obj
