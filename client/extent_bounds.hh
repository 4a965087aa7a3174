// SPDX-License-Identifier: Apache-2.0
// client/extent_bounds.hh -- whether an extent named by another process lies in the arena.
#pragma once

#include <cstdint>
#include <optional>

#include "store/shared/slot.hh"

namespace obj::client {

// Bytes that an object takes, data and metadata; nothing if the sum does not fit 64 bits.
constexpr std::optional<uint64_t> extent_bytes(uint64_t data_bytes, uint64_t metadata_bytes) {
  constexpr uint64_t kDataMax = UINT64_MAX - (kMetadataAlign - 1);
  if (data_bytes > kDataMax) return std::nullopt;
  const uint64_t metadata_start = metadata_offset(data_bytes);
  if (metadata_bytes > UINT64_MAX - metadata_start) return std::nullopt;
  return metadata_start + metadata_bytes;
}

// A daemon with a bug must not become a wild pointer in its clients.
struct ExtentBounds {
  uint64_t arena_bytes;
  uint32_t slot_count;

  static constexpr uint64_t kAlign = 64;

  constexpr bool holds(uint64_t offset, uint64_t data_bytes, uint64_t metadata_bytes) const {
    const auto size_bytes = extent_bytes(data_bytes, metadata_bytes);
    return size_bytes && offset % kAlign == 0 && *size_bytes <= arena_bytes &&
           offset <= arena_bytes - *size_bytes;
  }
};

}  // namespace obj::client
