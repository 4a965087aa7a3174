// SPDX-License-Identifier: Apache-2.0
#include "base/mapping.hh"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "base/check.hh"

namespace obj {
namespace {

constexpr uint64_t kAlignMin = uint64_t{2} << 20;

std::unexpected<Error> map_error(const char* where) {
  const ErrorCode code = errno == ENOMEM ? ErrorCode::kOutOfMemory : ErrorCode::kSystem;
  return std::unexpected(Error{code, errno, where});
}

}  // namespace

Result<Mapping> Mapping::map(int fd, uint64_t size_bytes, Access access, uint64_t align_bytes) {
  OBJ_CHECK(size_bytes > 0);
  OBJ_CHECK(std::has_single_bit(align_bytes));
  // Reserve address space with room to align in, then put the file over the aligned part.
  const uint64_t align = std::max(align_bytes, kAlignMin);
  void* reserved = ::mmap(nullptr, size_bytes + align, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return map_error("mmap");
  auto* const first = static_cast<std::byte*>(reserved);
  const uintptr_t address = (reinterpret_cast<uintptr_t>(first) + align - 1) & ~(align - 1);
  auto* const start = first + (address - reinterpret_cast<uintptr_t>(first));

  const int protection = access == Access::kReadWrite ? PROT_READ | PROT_WRITE : PROT_READ;
  if (::mmap(start, size_bytes, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
    const auto error = map_error("mmap");
    ::munmap(reserved, size_bytes + align);
    return error;
  }
  const auto mapped_end = start + size_bytes;
  const auto reserved_end = first + size_bytes + align;
  if (start > first) ::munmap(first, static_cast<size_t>(start - first));
  if (reserved_end > mapped_end) {
    ::munmap(mapped_end, static_cast<size_t>(reserved_end - mapped_end));
  }
  // Arenas are most of a machine's memory: nobody wants them in a core file. Advice, so may fail.
  ::madvise(start, size_bytes, MADV_DONTDUMP);
  return Mapping(start, size_bytes);
}

Mapping::Mapping(Mapping&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(start_, other.start_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

Mapping::~Mapping() {
  if (start_ != nullptr) ::munmap(start_, size_bytes_);
}

}  // namespace obj
