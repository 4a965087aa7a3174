// SPDX-License-Identifier: Apache-2.0
#include "client/arena_writer.hh"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/streaming_copy.hh"
#include "store/shared/slot.hh"

namespace obj::client {
namespace {

constexpr uint64_t kHugePageMin = 2 << 20;
constexpr uint64_t kBitsPerWord = 64;

uint64_t words_for(uint64_t arena_bytes) {
  const uint64_t chunks = arena_bytes / ArenaWriter::kChunkBytes + 1;
  return chunks / kBitsPerWord + 1;
}

}  // namespace

ArenaWriter::ArenaWriter(std::span<std::byte> arena, uint64_t page_bytes)
    : arena_(arena),
      page_bytes_(page_bytes),
      piece_bytes_(page_bytes < kHugePageMin ? kPieceBytes : kHugePieceBytes),
      populated_(std::make_unique<std::atomic<uint64_t>[]>(words_for(arena.size()))) {}

void ArenaWriter::write(uint64_t offset, const void* data, uint64_t data_bytes,
                        const void* metadata, uint64_t metadata_bytes) {
  if (data_bytes != 0) write_data(offset, static_cast<const std::byte*>(data), data_bytes);
  if (metadata_bytes == 0) return;
  std::memcpy(arena_.data() + offset + metadata_offset(data_bytes), metadata, metadata_bytes);
}

void ArenaWriter::write_data(uint64_t offset, const std::byte* data, uint64_t size_bytes) {
  const bool may_fault = size_bytes >= kPopulateMinBytes;
  while (size_bytes > 0) {
    uint64_t piece_bytes = size_bytes;
    if (may_fault && populates_.load(std::memory_order_relaxed)) {
      piece_bytes = prefix(offset, size_bytes, size_bytes, true);
      if (piece_bytes == 0) {
        piece_bytes = prefix(offset, size_bytes, piece_bytes_, false);
        populate(offset, piece_bytes);
      }
    }
    streaming_copy(arena_.data() + offset, data, piece_bytes);
    offset += piece_bytes;
    data += piece_bytes;
    size_bytes -= piece_bytes;
  }
}

bool ArenaWriter::is_populated(uint64_t offset) const {
  const uint64_t chunk = offset / kChunkBytes;
  const uint64_t word = populated_[chunk / kBitsPerWord].load(std::memory_order_relaxed);
  return (word >> chunk % kBitsPerWord & 1) != 0;
}

// How much of the range, from its start and in whole chunks until `bytes_max` is reached, is
// noted as mapped (`populated`), or is not.
uint64_t ArenaWriter::prefix(uint64_t offset, uint64_t size_bytes, uint64_t bytes_max,
                             bool populated) const {
  uint64_t end = offset;
  while (end - offset < size_bytes && end - offset < bytes_max && is_populated(end) == populated) {
    end = (end / kChunkBytes + 1) * kChunkBytes;
  }
  return std::min(end - offset, size_bytes);
}

void ArenaWriter::populate(uint64_t offset, uint64_t size_bytes) {
  const uint64_t start = offset & ~(page_bytes_ - 1);
  const uint64_t end =
      std::min((offset + size_bytes + page_bytes_ - 1) & ~(page_bytes_ - 1), arena_.size());
  if (::madvise(arena_.data() + start, end - start, MADV_POPULATE_WRITE) != 0) {
    // Linux before 5.14 does not have it. Then pages fault one by one, as they always did.
    populates_.store(false, std::memory_order_relaxed);
    return;
  }
  const uint64_t first = (start + kChunkBytes - 1) / kChunkBytes;
  for (uint64_t chunk = first; (chunk + 1) * kChunkBytes <= end; chunk++) {
    populated_[chunk / kBitsPerWord].fetch_or(uint64_t{1} << chunk % kBitsPerWord,
                                              std::memory_order_relaxed);
  }
}

}  // namespace obj::client
