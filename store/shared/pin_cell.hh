// SPDX-License-Identifier: Apache-2.0
// store/shared/pin_cell.hh -- a client's hazard pointer to one object.
//
// A cell is one 64-bit word in the client's own session segment: 0, or {slot + 1 in bits 0..31,
// low 32 bits of the generation in bits 32..63}. The generation only saves needless refusals: a
// cell that names a slot's earlier generation does not hold its present object.
//
//   client: cell := word (seq_cst); control == what it was? (seq_cst) -> pinned, else cell := 0
//   daemon: control := Evicting (seq_cst); read every cell (seq_cst)  -> pinned ones go back
//
// In the single order of seq_cst operations one of the two stores comes first, so either the client
// sees Evicting or the daemon sees the cell. See docs/notes/pin_protocol.md.
#pragma once

#include <atomic>
#include <cstdint>

namespace obj {

using PinCell = std::atomic<uint64_t>;

constexpr uint64_t make_pin(uint32_t slot, uint64_t generation) {
  return (generation & 0xffffffff) << 32 | (uint64_t{slot} + 1);
}
// REQUIRES: word's low half is not 0. The result is a claim by a client: check it against the
// table.
constexpr uint32_t pin_slot(uint64_t word) { return static_cast<uint32_t>(word) - 1; }
constexpr bool pin_is_of(uint64_t word, uint32_t slot, uint64_t generation) {
  return word == make_pin(slot, generation);
}

}  // namespace obj
