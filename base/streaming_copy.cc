// SPDX-License-Identifier: Apache-2.0
#include "base/streaming_copy.hh"

#include <cstdint>
#include <cstring>

#include "base/line_copy.hh"

namespace obj {
namespace {

LineCopy widest_copy() {
  LineCopy widest = line_copies().front();
  for (const LineCopy& copy : line_copies()) {
    if (copy.supported) widest = copy;
  }
  return widest;
}

}  // namespace

void streaming_copy(void* destination, const void* source, size_t size_bytes) {
  if (size_bytes < kStreamingCopyMin) {
    std::memcpy(destination, source, size_bytes);
    return;
  }
  static const LineCopy widest = widest_copy();
  auto* const to = static_cast<std::byte*>(destination);
  const auto* const from = static_cast<const std::byte*>(source);
  const size_t head =
      (kCacheLineBytes - reinterpret_cast<uintptr_t>(to) % kCacheLineBytes) % kCacheLineBytes;
  std::memcpy(to, from, head);
  const size_t lines = (size_bytes - head) / kCacheLineBytes;
  widest.copy(to + head, from + head, lines);
  const size_t copied = head + lines * kCacheLineBytes;
  std::memcpy(to + copied, from + copied, size_bytes - copied);
}

}  // namespace obj
