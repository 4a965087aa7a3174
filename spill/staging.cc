// SPDX-License-Identifier: Apache-2.0
#include "spill/staging.hh"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.hh"

namespace obj {

Result<Staging> Staging::create() {
  // Devices are faster with memory that is contiguous: on huge pages if there are any.
  constexpr uint64_t kHugePage = uint64_t{2} << 20;
  void* const mapped = ::mmap(nullptr, kBytes + kHugePage, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    return std::unexpected(Error{ErrorCode::kOutOfMemory, errno, "mmap of the spill staging"});
  }
  const uint64_t skipped = -reinterpret_cast<uintptr_t>(mapped) % kHugePage;
  auto* const start = static_cast<std::byte*>(mapped) + skipped;
  if (skipped > 0) ::munmap(mapped, skipped);
  if (skipped < kHugePage) ::munmap(start + kBytes, kHugePage - skipped);
  ::madvise(start, kBytes, MADV_HUGEPAGE);
  std::memset(start, 0, kBytes);
  return Staging(start);
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
