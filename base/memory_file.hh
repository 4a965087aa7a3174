// SPDX-License-Identifier: Apache-2.0
// base/memory_file.hh -- anonymous shared memory (memfd) that can be handed to other processes.
#pragma once

#include <cstdint>

#include "base/result.hh"
#include "base/unique_fd.hh"

namespace obj {

// Pages that the memory is made of. kHuge2M and kHuge1G come from the hugetlb pool.
enum class PageSize : uint8_t { kSystem, kHuge2M, kHuge1G };

uint64_t page_bytes(PageSize page_size);

// A memfd of `size_bytes`, close-on-exec, zero, whose size nobody can change any more: a client
// that could shrink it would kill every other user of it with SIGBUS.
//
// `name` is what /proc/PID/maps shows. kOutOfMemory or kSystem. With huge pages, having the file
// does not mean having the pages: the mapping reserves them.
// REQUIRES: size_bytes is a multiple of page_bytes(page_size), and not 0.
Result<UniqueFd> create_memory_file(const char* name, uint64_t size_bytes, PageSize page_size);

// From now on nobody can map or write the file writable, not even its owner; existing writable
// mappings go on (F_SEAL_FUTURE_WRITE).
Result<void> forbid_new_writers(const UniqueFd& file);

// A second, read-only description of the same file. With the file's mode cleared (which this does),
// a process of another user cannot re-open it for writing through /proc/self/fd.
Result<UniqueFd> reopen_read_only(const UniqueFd& file);

}  // namespace obj
