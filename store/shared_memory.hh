// SPDX-License-Identifier: Apache-2.0
// store/shared_memory.hh -- a memfd of a given kind of pages, mapped and populated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/mapping.hh"
#include "base/memory_file.hh"
#include "base/result.hh"
#include "base/unique_fd.hh"
#include "store/system_files.hh"

namespace obj {

enum class PageKind : uint8_t { kSystem, kTransparent, kHuge2M, kHuge1G };

// What such memory must be a multiple of: of kTransparent too that is the system's page.
PageSize page_size_of(PageKind kind);

struct SharedMemory {
  UniqueFd file;
  Mapping mapping;  // read-write

  // `size_bytes` of zeros, all present. kTransparent asks for huge pages but takes what it gets:
  // see transparent_bytes(). kOutOfMemory or kSystem; then nothing is left behind.
  // REQUIRES: size_bytes is a multiple of page_bytes(page_size_of(kind)), and not 0.
  static Result<SharedMemory> create(const char* name, uint64_t size_bytes, PageKind kind);
};

// How much of this shared mapping of ours is mapped with 2 MiB pages.
// REQUIRES: `memory` is a whole mapping.
uint64_t transparent_bytes(const SystemFiles& files, std::span<const std::byte> memory);

}  // namespace obj
