// SPDX-License-Identifier: Apache-2.0
// base/mapping.hh -- sole owner of one shared mapping of a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hh"

namespace obj {

class Mapping {
 public:
  enum class Access : uint8_t { kReadOnly, kReadWrite };

  // Maps `size_bytes` of `fd` from its start, MAP_SHARED, at an address aligned to 2 MiB (so that
  // huge pages of the page cache can be mapped as such) or to `align_bytes` if that is more.
  // Excluded from core dumps. The descriptor may be closed afterwards.
  // kOutOfMemory, or kSystem (EACCES: the descriptor does not allow this access).
  // REQUIRES: size_bytes > 0; align_bytes is a power of two.
  static Result<Mapping> map(int fd, uint64_t size_bytes, Access access, uint64_t align_bytes);

  Mapping() = default;  // nothing mapped
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  // Empty for nothing. Writable only with kReadWrite.
  std::span<std::byte> bytes() const { return {start_, size_bytes_}; }

 private:
  Mapping(std::byte* start, size_t size_bytes) : start_(start), size_bytes_(size_bytes) {}

  std::byte* start_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace obj
