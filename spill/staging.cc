// SPDX-License-Identifier: Apache-2.0
#include "spill/staging.hh"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "base/check.hh"

namespace obj {

Result<Staging> Staging::create() {
  void* const start = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) {
    return std::unexpected(Error{ErrorCode::kOutOfMemory, errno, "mmap of the spill staging"});
  }
  ::madvise(start, kBytes, MADV_HUGEPAGE);  // as good without
  return Staging(static_cast<std::byte*>(start));
}

Staging::Staging(Staging&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)), room_(std::move(other.room_)) {}

Staging::~Staging() {
  if (start_ != nullptr) ::munmap(start_, kBytes);
}

std::span<std::byte> Staging::take(uint64_t size_bytes) {
  const uint64_t whole = round_up(size_bytes, kSpillBlock);
  OBJ_CHECK(whole > 0 && whole <= kBytes);
  const auto run = room_.take(whole, whole);
  if (!run) return {};
  return {start_ + run->offset, run->size_bytes};
}

void Staging::give_back(std::span<std::byte> memory) {
  room_.drop(static_cast<uint64_t>(memory.data() - start_), memory.size());
}

}  // namespace obj
