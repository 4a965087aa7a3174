// SPDX-License-Identifier: Apache-2.0
// spill/checksum.hh -- XXH3-64 with the widest instructions of this processor.
//
// Debian's libxxhash is built for the oldest processor; the loop for AVX2 reads memory 2.5 times as
// fast (0.067 against 0.168 CPU seconds a GiB, where a plain read of that memory takes 0.065; Xeon,
// 2 virtual CPUs, November 2026).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace obj {

uint64_t spill_checksum(std::span<const std::byte> bytes, uint64_t seed = 0);

// The checksum of a record's stored bytes, from the sums of its pieces.
class PieceSums {
 public:
  // REQUIRES: pieces are numbered 0 to piece_count - 1; each is set once before total().
  explicit PieceSums(size_t piece_count) : sums_(piece_count) {}
  void set(size_t piece, uint64_t sum) { sums_[piece] = sum; }
  uint64_t total() const { return spill_checksum(std::as_bytes(std::span(sums_))); }

 private:
  std::vector<uint64_t> sums_;
};

// Of stored bytes that are one piece.
uint64_t single_piece_total(std::span<const std::byte> stored);

}  // namespace obj
