// SPDX-License-Identifier: Apache-2.0
// spill/aligned_buffer.hh -- memory for direct I/O that is not the tier's staging: at starts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "spill/segment_format.hh"

namespace obj {

// Whole blocks, of which bytes() are as many as were asked for. Not zeroed.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(uint64_t size_bytes)
      : memory_(static_cast<std::byte*>(
            ::operator new(round_up(size_bytes + 1, kSpillBlock), std::align_val_t{kSpillBlock}))),
        size_bytes_(size_bytes) {}

  std::span<std::byte> bytes() const { return {memory_.get(), size_bytes_}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const {
      ::operator delete(memory, std::align_val_t{kSpillBlock});
    }
  };
  std::unique_ptr<std::byte, Free> memory_;
  uint64_t size_bytes_;
};

}  // namespace obj
