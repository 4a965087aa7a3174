// SPDX-License-Identifier: Apache-2.0
// base/line_copy.hh -- the ways in which CPUs copy whole cache lines past their caches.
#pragma once

#include <cstddef>
#include <span>

namespace obj {

inline constexpr size_t kCacheLineBytes = 64;

// Copies `lines` whole cache lines. destination: 64-byte aligned; source: any alignment; the two do
// not overlap. Other threads may see the stores late: publish_line_copies() orders them.
struct LineCopy {
  const char* name;
  bool supported;  // by this CPU; REQUIRED before copy() is called
  void (*copy)(std::byte* destination, const std::byte* source, size_t lines);
};

// Non-temporal stores are not ordered by a later release store alone; after this they are.
void publish_line_copies();

// Every way that was compiled in, narrowest first. The first one is always supported.
std::span<const LineCopy> line_copies();

}  // namespace obj
