// SPDX-License-Identifier: Apache-2.0
// tests/sim/content.hh -- the bytes that an object must have: a function of its id and its origin.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "base/object_id.hh"
#include "fabric/pull/jitter.hh"

namespace obj::sim {

inline uint8_t content_byte(const ObjectId& id, uint32_t origin, uint64_t position) {
  uint64_t word = 0;
  std::memcpy(&word, id.bytes.data(), sizeof word);
  const uint64_t mixed =
      Jitter::mix(Jitter::mix(word ^ origin * 0x9e3779b97f4a7c15) + position / 8);
  return static_cast<uint8_t>(mixed >> (position % 8 * 8));
}

inline void fill_content(std::span<uint8_t> bytes, const ObjectId& id, uint32_t origin) {
  for (size_t i = 0; i < bytes.size(); i++) bytes[i] = content_byte(id, origin, i);
}

inline bool has_content(std::span<const uint8_t> bytes, const ObjectId& id, uint32_t origin) {
  for (size_t i = 0; i < bytes.size(); i++) {
    if (bytes[i] != content_byte(id, origin, i)) return false;
  }
  return true;
}

}  // namespace obj::sim
