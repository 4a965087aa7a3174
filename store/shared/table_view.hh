// SPDX-License-Identifier: Apache-2.0
// store/shared/table_view.hh -- how any process finds an object in the control segment.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "base/object_id.hh"
#include "base/result.hh"
#include "store/shared/control_header.hh"
#include "store/shared/slot.hh"

namespace obj {

// The two 64-bit words in which a slot keeps an id.
struct IdWords {
  uint64_t first, second;

  static IdWords of(const ObjectId& id) { return std::bit_cast<IdWords>(id.bytes); }
  ObjectId id() const { return {std::bit_cast<std::array<uint8_t, ObjectId::kBytes>>(*this)}; }
  friend bool operator==(const IdWords&, const IdWords&) = default;
};

// What one look at a slot saw; all fields belong to the generation in `control`.
struct Sighting {
  uint32_t slot;
  ControlWord control;
  uint64_t offset;
  uint64_t data_bytes;
  uint32_t metadata_bytes;
};

// A read-only look at the object table, safe beside its one writer.
//
// May miss an object that is there (the chain moved under our feet); never shows a wrong one. What
// it shows may be gone a moment later: pin, then ask still().
//
// Lifetime: the mapped segment must outlive the view.
// Threads:  any number, without locks.
class TableView {
 public:
  // `segment`: the whole control segment, as mapped. kInvalid if its header does not describe it.
  static Result<TableView> over(std::span<const std::byte> segment);

  // The sealed object `id`, or nothing: then ask the daemon.
  std::optional<Sighting> find_sealed(const ObjectId& id) const {
    const IdWords wanted = IdWords::of(id);
    uint32_t link = heads_[hash(id, seed_) & bucket_mask_].load(std::memory_order_acquire);
    for (int step = 0; link != 0 && link <= slot_count_ && step < kChainStepsMax; step++) {
      const Slot& slot = slots_[link - 1];
      const ControlWord control = slot.control.load(std::memory_order_acquire);
      const IdWords found{slot.id_words[0].load(std::memory_order_acquire),
                          slot.id_words[1].load(std::memory_order_acquire)};
      if (found == wanted && control_state(control) == SlotState::kSealed) {
        const Sighting sighting{link - 1, control, slot.offset.load(std::memory_order_acquire),
                                slot.data_bytes.load(std::memory_order_acquire),
                                slot.metadata_bytes.load(std::memory_order_acquire)};
        // Unchanged: the id and the fields are of one generation.
        if (slot.control.load(std::memory_order_acquire) == control) return sighting;
      }
      link = slot.next.load(std::memory_order_acquire);
    }
    return std::nullopt;
  }

  // Whether the slot's control word is still `control`. Call it after the pin cell is stored: true
  // then means that the object stays as it is until the cell is cleared.
  bool still(uint32_t slot, ControlWord control) const {
    return slots_[slot].control.load(std::memory_order_seq_cst) == control;
  }

  // REQUIRES: index < slot_count().
  const Slot& slot(uint32_t index) const { return slots_[index]; }
  uint32_t slot_count() const { return slot_count_; }
  const ControlHeader& header() const { return *header_; }

 private:
  // A reader that stands on a slot while it moves to another chain may wander; longer than this and
  // the daemon answers instead. Chains average one entry, so it is never reached otherwise.
  static constexpr int kChainStepsMax = 64;

  TableView() = default;

  const ControlHeader* header_ = nullptr;
  const std::atomic<uint32_t>* heads_ = nullptr;
  const Slot* slots_ = nullptr;
  uint64_t bucket_mask_ = 0;
  uint64_t seed_ = 0;
  uint32_t slot_count_ = 0;
};

}  // namespace obj
