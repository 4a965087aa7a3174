// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/cells.hh -- memory for the cache lines that checks and probes bring.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mapping.hh"
#include "base/result.hh"
#include "fabric/verbs/shared_table.hh"

namespace obj::verbs {

// A cell that was given to a queue pair stays taken until its READ completed or the queue pair is
// destroyed, like every other destination.
class Cells {
 public:
  // kOutOfMemory or kSystem. REQUIRES: count > 0.
  static Result<Cells> create(uint32_t count);

  std::span<std::byte> memory() const { return mapping_.bytes(); }
  std::optional<uint32_t> take();
  void give_back(uint32_t cell) { free_.push_back(cell); }
  std::byte* address(uint32_t cell) const { return memory().data() + size_t{cell} * kSlotBytes; }
  Line line(uint32_t cell) const { return Line(address(cell), kSlotBytes); }
  size_t free() const { return free_.size(); }

 private:
  Cells(Mapping mapping, uint32_t count);

  Mapping mapping_;
  std::vector<uint32_t> free_;
};

}  // namespace obj::verbs
