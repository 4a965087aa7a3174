// SPDX-License-Identifier: Apache-2.0
// directory/slab.hh -- numbered records in large chunks: growth moves nothing and copies nothing.
#pragma once

#include <sys/mman.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "base/check.hh"

namespace obj::directory {

// Records are named by 32-bit numbers from 1 up; 0 is nobody. A number is reused after release().
//
// Chunks of 2 MiB and more are aligned and advised to be huge pages: with tens of millions of
// records, walking page tables would cost as much as fetching the record.
template <class T, uint32_t kChunkRecords>
class Slab {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) >= sizeof(uint32_t));
  static_assert(std::has_single_bit(kChunkRecords));

 public:
  // A number whose record holds arbitrary bytes.
  uint32_t allocate() {
    if (free_ != 0) {
      const uint32_t number = free_;
      std::memcpy(&free_, static_cast<const void*>(&(*this)[number]), sizeof(free_));
      used_++;
      return number;
    }
    if (end_ / kChunkRecords == chunks_.size()) chunks_.push_back(new_chunk());
    used_++;
    return end_++;
  }

  // The record's first four bytes are overwritten. REQUIRES: allocated.
  void release(uint32_t number) {
    std::memcpy(static_cast<void*>(&(*this)[number]), &free_, sizeof(free_));
    free_ = number;
    used_--;
  }

  T& operator[](uint32_t number) { return chunks_[number / kChunkRecords][number % kChunkRecords]; }
  const T& operator[](uint32_t number) const {
    return chunks_[number / kChunkRecords][number % kChunkRecords];
  }
  void prefetch(uint32_t number) const { __builtin_prefetch(&(*this)[number]); }

  // Every number ever given out is below it.
  uint32_t end() const { return end_; }
  uint32_t used() const { return used_; }
  uint64_t bytes() const {
    return chunks_.size() * kChunkBytes + chunks_.capacity() * sizeof(chunks_[0]);
  }

 private:
  static constexpr size_t kChunkBytes = sizeof(T) * kChunkRecords;
  static constexpr size_t kHugePageBytes = size_t{2} << 20;
  static constexpr size_t kAlign = kChunkBytes % kHugePageBytes == 0 ? kHugePageBytes : 64;

  struct FreeChunk {
    void operator()(T* chunk) const { std::free(chunk); }
  };
  using Chunk = std::unique_ptr<T[], FreeChunk>;

  static Chunk new_chunk() {
    static_assert(kChunkBytes % kAlign == 0);
    void* memory = std::aligned_alloc(kAlign, kChunkBytes);
    if (memory == nullptr) throw std::bad_alloc();
    // Refused where huge pages are off, which costs speed only.
    if constexpr (kAlign == kHugePageBytes) ::madvise(memory, kChunkBytes, MADV_HUGEPAGE);
    return Chunk(static_cast<T*>(memory));
  }

  std::vector<Chunk> chunks_;
  uint32_t end_ = 1;
  uint32_t used_ = 0;
  uint32_t free_ = 0;  // the last one released; each free record begins with the next
};

}  // namespace obj::directory
