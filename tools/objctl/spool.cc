// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/spool.hh"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tools/objctl/descriptor.hh"
#include "tools/objctl/size_text.hh"

namespace objctl {
namespace {

constexpr size_t kFirstBytes = size_t{1} << 20;
constexpr size_t kChunkBytes = size_t{8} << 20;

}  // namespace

Spool::Spool(Spool&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      mapped_bytes_(std::exchange(other.mapped_bytes_, 0)),
      used_bytes_(std::exchange(other.used_bytes_, 0)) {}

Spool::~Spool() {
  if (base_ != nullptr) ::munmap(base_, mapped_bytes_);
}

Outcome<void> Spool::collect(int fd, uint64_t size_bytes_max, const std::string& label,
                             Progress& progress) {
  while (true) {
    if (used_bytes_ == mapped_bytes_) OBJCTL_DO(grow(label));
    const size_t room = std::min(mapped_bytes_ - used_bytes_, kChunkBytes);
    OBJCTL_TRY(const size_t got, read_whole(fd, {base_ + used_bytes_, room}, label));
    used_bytes_ += got;
    progress.advance(got);
    if (used_bytes_ > size_bytes_max) {
      return std::unexpected(Failure{
          OBJ_ETOOLARGE, label,
          "has more than the " + human_size(size_bytes_max) + " that an object can have here"});
    }
    if (got < room) return {};
  }
}

Outcome<void> Spool::grow(const std::string& label) {
  const size_t larger = mapped_bytes_ == 0 ? kFirstBytes : 2 * mapped_bytes_;
  void* const mapped = base_ == nullptr ? ::mmap(nullptr, larger, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                        : ::mremap(base_, mapped_bytes_, larger, MREMAP_MAYMOVE);
  if (mapped == MAP_FAILED) return system_failure(errno, label);
  base_ = static_cast<std::byte*>(mapped);
  mapped_bytes_ = larger;
  return {};
}

}  // namespace objctl
