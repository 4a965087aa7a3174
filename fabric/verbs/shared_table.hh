// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/shared_table.hh -- seam: the memory that others read, and what a slot of it says.
//
// The layout of a slot is the store's, so node/ implements this.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.hh"
#include "fabric/pull/source.hh"
#include "fabric/verbs/memory_layout.hh"

namespace obj::verbs {

// One aligned cache line as a READ brought it: the peer's bytes, so input, and not of one instant.
// Only its aligned 64-bit words are whole.
using Line = std::span<const std::byte, kSlotBytes>;

class SharedTable {
 public:
  virtual ~SharedTable() = default;

  // Ours, for others to read. Both are registered as they are and must stay.
  virtual std::span<std::byte> arena() const = 0;
  virtual std::span<const std::byte> table() const = 0;
  virtual TableShape shape() const = 0;

  // This is the beginning of the control segment of that life of that node: no other process's
  // memory.
  virtual bool is_start_of(Line line, SourceNode node) const = 0;

  // kStale: the slot is free or not a slot at all. Otherwise what its words say, each from some
  // instant during the READ. See "The check" in docs/verbs.md for why that is enough.
  virtual Result<SlotSighting> sighting(Line line) const = 0;
};

}  // namespace obj::verbs
