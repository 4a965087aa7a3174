// SPDX-License-Identifier: Apache-2.0
// spill/staging.hh -- memory of the tier's own: packed records, heads, index pages on their way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hh"
#include "spill/segment_room.hh"

namespace obj {

// One piece, mapped once and registered with the disk; lent in whole blocks, bounded by its size.
class Staging {
 public:
  static constexpr uint64_t kBytes = uint64_t{16} << 20;

  // kOutOfMemory.
  static Result<Staging> create();
  Staging(Staging&& other) noexcept;
  Staging& operator=(Staging&&) = delete;
  ~Staging();

  std::span<std::byte> bytes() const { return {start_, kBytes}; }
  // Empty if there is none now: somebody's I/O will give some back. Not zeroed.
  // REQUIRES: 0 < size_bytes <= kBytes; rounded up to whole blocks.
  std::span<std::byte> take(uint64_t size_bytes);
  // REQUIRES: from take(), as a whole.
  void give_back(std::span<std::byte> memory);

 private:
  explicit Staging(std::byte* start) : start_(start), room_(0, kBytes) {}

  std::byte* start_;
  SegmentRoom room_;
};

}  // namespace obj
