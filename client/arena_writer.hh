// SPDX-License-Identifier: Apache-2.0
// client/arena_writer.hh -- brings a user's bytes into the arena, at the speed of memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace obj::client {

// The first write of this process to each page of the arena is a page fault, although the daemon
// has filled the arena's memory. On 4 KiB pages a first put then copies at 3.3 GB/s instead of 9.6.
// So a range is mapped in one call just ahead of the copy, which gives 5.8-6.2 (Xeon, Linux 6.18,
// 2026-11). On 2 MiB pages there are few faults, but 64 MiB of them are mapped at once in 27 us;
// what it gains is in docs/performance.md. What was mapped is noted, one bit for each kChunkBytes,
// and not asked for again.
//
// Lifetime: `arena` must outlive it.
// Threads:  any; two that map the same range do harmless work twice.
class ArenaWriter {
 public:
  static constexpr uint64_t kChunkBytes = 256 << 10;
  // What is mapped at once: so little that its page table is still in the cache when it is copied.
  static constexpr uint64_t kPieceBytes = 2 << 20;
  static constexpr uint64_t kHugePieceBytes = 64 << 20;
  static constexpr uint64_t kPopulateMinBytes = 64 << 10;  // below, a few faults cost less

  // `page_bytes`: of the arena. REQUIRES: a power of two.
  ArenaWriter(std::span<std::byte> arena, uint64_t page_bytes);

  // Data at `offset`, metadata at metadata_offset(data_bytes) after it.
  // REQUIRES: the extent lies in the arena, and the arena is mapped writable.
  void write(uint64_t offset, const void* data, uint64_t data_bytes, const void* metadata,
             uint64_t metadata_bytes);

  // Whether the chunk at `offset` is noted as mapped.
  bool is_populated(uint64_t offset) const;

 private:
  void write_data(uint64_t offset, const std::byte* data, uint64_t size_bytes);
  uint64_t prefix(uint64_t offset, uint64_t size_bytes, uint64_t bytes_max, bool populated) const;
  void populate(uint64_t offset, uint64_t size_bytes);

  // Fixed after construction.
  std::span<std::byte> arena_;
  uint64_t page_bytes_;
  uint64_t piece_bytes_;

  // Relaxed: a bit guards no data; at worst a range is mapped twice, or a page faults.
  std::atomic<bool> populates_ = true;  // false: the kernel cannot
  std::unique_ptr<std::atomic<uint64_t>[]> populated_;
};

}  // namespace obj::client
