// SPDX-License-Identifier: Apache-2.0
// fabric/source_node.hh -- one life of one node: whom to read from, and whose word it is.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace obj {

// A daemon that is started again draws a larger incarnation, and is another source.
struct SourceNode {
  uint32_t node = 0;  // 0: nobody
  uint64_t incarnation = 0;

  friend auto operator<=>(const SourceNode&, const SourceNode&) = default;
};

struct SourceNodeHash {
  size_t operator()(const SourceNode& key) const {
    return std::hash<uint64_t>{}(key.incarnation * 0x9e3779b97f4a7c15 + key.node);
  }
};

}  // namespace obj
