// SPDX-License-Identifier: Apache-2.0
// client/magazine.hh -- one thread's small stack of free pin cells, which others may rob.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace obj::client {

// The owner pushes and pops without a lock. A thread that finds no cell anywhere else takes cells
// out of it, so that pins_max views can be held whatever threads hoard.
//
// A place holds a cell + 1, or 0. Only the owner fills places and moves `top_`; owner and robbers
// empty a place by exchange, so each cell leaves it once. A robbed place below `top_` is a hole
// that the owner skips.
//
// Threads: push, pop and full by the owner; rob by any.
class alignas(64) Magazine {
 public:
  static constexpr uint32_t kPlaces = 128;
  static constexpr uint32_t kBatch = 64;  // cells moved at once between magazine and pool

  std::optional<uint32_t> pop() {
    while (top_ > 0) {
      // Acquire; pairs with the release in push(): a robbed cell that comes back is another's no
      // more.
      const uint32_t cell_plus_1 = places_[--top_].exchange(0, std::memory_order_acquire);
      if (cell_plus_1 != 0) [[likely]]
        return cell_plus_1 - 1;
    }
    return std::nullopt;
  }

  bool full() const { return top_ == kPlaces; }

  // REQUIRES: !full().
  void push(uint32_t cell) { places_[top_++].store(cell + 1, std::memory_order_release); }

  // Appends up to `count_max` of its cells to `taken`, whoever calls.
  template <class Cells>
  void rob(size_t count_max, Cells& taken) {
    for (auto& place : places_) {
      if (count_max == 0) return;
      if (place.load(std::memory_order_relaxed) == 0) continue;
      const uint32_t cell_plus_1 = place.exchange(0, std::memory_order_acquire);
      if (cell_plus_1 == 0) continue;
      taken.push_back(cell_plus_1 - 1);
      count_max--;
    }
  }

 private:
  uint32_t top_ = 0;  // the owner's
  std::array<std::atomic<uint32_t>, kPlaces> places_{};
};

}  // namespace obj::client
