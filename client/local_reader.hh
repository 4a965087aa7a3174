// SPDX-License-Identifier: Apache-2.0
// client/local_reader.hh -- the hit path: views of sealed objects without a lock or a message.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include <obj/obj.h>

#include "base/object_id.hh"
#include "client/doorbell.hh"
#include "client/extent_bounds.hh"
#include "client/pin_pool.hh"
#include "client/touch_log.hh"
#include "store/shared/pin_cell.hh"
#include "store/shared/table_view.hh"

namespace obj::client {

// A view's private words: the word that its pin cell holds, and {serial of the client in
// bits 32..63, cell + 1 in bits 0..31}, so that a view is not released on another client or twice.
//
// Lifetime: all that it is given, in the mapped segments, must outlive it.
// Threads:  any number; not in a forked child.
class LocalReader {
 public:
  // `arena`: as mapped. `cells`: the client's pin cells.
  LocalReader(const TableView& table, std::span<const std::byte> arena, std::span<PinCell> cells,
              PinPool& pins, TouchLog touches, Doorbell doorbell, uint32_t client_serial)
      : table_(table),
        arena_(arena.data()),
        bounds_{arena.size(), table.slot_count()},
        cells_(cells),
        pins_(pins),
        touches_(touches),
        doorbell_(doorbell),
        client_serial_(client_serial) {}

  enum class Attempt : uint8_t { kViewed, kAskDaemon, kNoCell };

  // kViewed: `view` is pinned and filled in. kAskDaemon: not found here, or just leaving.
  // kNoCell: it is there, but all pin cells are in use.
  Attempt try_view(const ObjectId& id, obj_view& view) {
    const auto seen = table_.find_sealed(id);
    if (!seen || !bounds_.holds(seen->offset, seen->data_bytes, seen->metadata_bytes)) {
      return Attempt::kAskDaemon;
    }
    const auto cell = pins_.take();
    if (!cell) [[unlikely]]
      return Attempt::kNoCell;
    const uint64_t word = make_pin(seen->slot, control_generation(seen->control));
    // seq_cst; pairs with the daemon's read of the cells, after it stored Evicting. See "Pins" in
    // docs/notes/pin_protocol.md.
    cells_[*cell].store(word, std::memory_order_seq_cst);
    if (!table_.still(seen->slot, seen->control)) [[unlikely]] {
      put_back(*cell);
      return Attempt::kAskDaemon;
    }
    touches_.note(seen->slot);
    fill(view, *cell, word, seen->offset, seen->data_bytes, seen->metadata_bytes);
    return Attempt::kViewed;
  }

  // Whether a sealed object of that id is in the table; false may be wrong.
  bool sees(const ObjectId& id) const { return table_.find_sealed(id).has_value(); }

  // The view of an object that the daemon pinned in `cell`.
  // REQUIRES: the bounds hold; cells[cell] holds the pin.
  void fill_pinned(obj_view& view, uint32_t cell, uint32_t slot, uint64_t generation,
                   uint64_t offset, uint64_t data_bytes, uint32_t metadata_bytes) const {
    fill(view, cell, make_pin(slot, generation), offset, data_bytes, metadata_bytes);
  }

  // Clears the pin and empties the view. False, and nothing is changed, if the view is not one that
  // this client holds.
  bool release(obj_view& view) {
    const auto cell = static_cast<uint32_t>(view.private_[1]) - 1;
    if (view.private_[1] >> 32 != client_serial_ || cell >= cells_.size()) return false;
    if (cells_[cell].load(std::memory_order_relaxed) != view.private_[0]) return false;
    put_back(cell);
    view = obj_view{};
    return true;
  }

  // Clears a cell that this client holds and gives it back to the pool.
  void put_back(uint32_t cell) {
    // Release: our reads of the bytes stay before it.
    cells_[cell].store(0, std::memory_order_release);
    doorbell_.ring_if_releases_wanted();
    pins_.give(cell);
  }

  // REQUIRES: cell < number of cells.
  uint64_t pin_word(uint32_t cell) const { return cells_[cell].load(std::memory_order_acquire); }

 private:
  void fill(obj_view& view, uint32_t cell, uint64_t word, uint64_t offset, uint64_t data_bytes,
            uint32_t metadata_bytes) const {
    view.data = arena_ + offset;
    view.metadata = arena_ + offset + metadata_offset(data_bytes);
    view.data_bytes = data_bytes;
    view.metadata_bytes = metadata_bytes;
    view.private_[0] = word;
    view.private_[1] = uint64_t{client_serial_} << 32 | (uint64_t{cell} + 1);
  }

  // Fixed after construction.
  TableView table_;
  const std::byte* arena_;
  ExtentBounds bounds_;
  std::span<PinCell> cells_;
  PinPool& pins_;
  TouchLog touches_;
  Doorbell doorbell_;
  uint32_t client_serial_;
};

}  // namespace obj::client
