// SPDX-License-Identifier: Apache-2.0
// store/shared/slot.hh -- one object's entry in the control segment, shared with every process.
//
// Byte offsets and the protocol around them: docs/control_segment.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#include "base/object_id.hh"

namespace obj {

// Free -> Creating -> Sealed <-> Evicting -> Free, and Creating -> Free on abort.
// Only a Sealed object may be read. Evicting goes back to Sealed when the pin scan finds a pin.
enum class SlotState : uint8_t { kFree = 0, kCreating = 1, kSealed = 2, kEvicting = 3 };

// Bits 0..7 state, 8..15 zero, 16..63 generation. The generation moves on each time the slot, and
// so the memory it names, is given to anything else; 48 bits do not wrap in a machine's life.
using ControlWord = uint64_t;

constexpr ControlWord make_control(SlotState state, uint64_t generation) {
  return generation << 16 | static_cast<uint64_t>(state);
}
constexpr SlotState control_state(ControlWord word) { return static_cast<SlotState>(word & 0xff); }
constexpr uint64_t control_generation(ControlWord word) { return word >> 16; }
inline constexpr uint64_t kGenerationMax = (uint64_t{1} << 48) - 1;

// Written by the daemon alone; read by clients (read-only mapping) and, later, by remote READs.
//
// Ordering: a reader loads `control` (acquire), then the fields (acquire), then `control` again.
// The daemon moves `control` to a new generation before it stores any field, and stores fields with
// release: a reader that saw a new field also sees the new control word in its last load, and
// drops what it read. See "Generations" in docs/notes/pin_protocol.md.
struct alignas(64) Slot {
  std::atomic<ControlWord> control;      // offset 0
  std::atomic<uint64_t> id_words[2];     // 8: the id's 16 bytes, in memory order
  std::atomic<uint64_t> offset;          // 24: of the data, in the arena
  std::atomic<uint64_t> data_bytes;      // 32
  std::atomic<uint64_t> ready_bytes;     // 40: valid from `offset` on; transfer_bytes() once sealed
  std::atomic<uint32_t> metadata_bytes;  // 48: they lie at align_up(data_bytes, 8) after `offset`
  std::atomic<uint32_t> origin;          // 52: names the put that this is a copy of; 0: its own
  std::atomic<uint32_t> next;            // 56: slot + 1 of the next in this bucket's chain; 0: end
  uint32_t reserved;                     // 60
};
static_assert(sizeof(Slot) == 64 && std::is_standard_layout_v<Slot>);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

constexpr uint64_t kMetadataAlign = 8;
constexpr uint64_t metadata_offset(uint64_t data_bytes) {
  return (data_bytes + kMetadataAlign - 1) & ~(kMetadataAlign - 1);
}
// Data, padding and metadata: what a copy on another node needs. REQUIRES: the sum does not wrap.
constexpr uint64_t transfer_bytes(uint64_t data_bytes, uint32_t metadata_bytes) {
  return metadata_offset(data_bytes) + metadata_bytes;
}

}  // namespace obj
