// SPDX-License-Identifier: Apache-2.0
// bench/store/fixed_pins.hh -- readers whose pin cells hold what the benchmark put there.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "store/readers.hh"
#include "store/shared/pin_cell.hh"

namespace obj {

// Real cells, loaded as the daemon loads those of its sessions, so that the scan costs what it
// costs.
class FixedPins : public Readers {
 public:
  explicit FixedPins(size_t cells) : cells_(cells) {}

  void pin(size_t cell, ObjectRef ref) { cells_[cell] = make_pin(ref.slot, ref.generation); }

  void collect_pins(std::vector<HeldPin>& pins) override {
    for (const PinCell& cell : cells_) {
      const uint64_t word = cell.load(std::memory_order_seq_cst);
      if (word != 0) pins.push_back({word, 1});
    }
  }
  void collect_touches(std::vector<uint32_t>&) override {}
  void want_releases(bool) override {}

 private:
  std::vector<PinCell> cells_;
};

}  // namespace obj
