// SPDX-License-Identifier: Apache-2.0
// store/pin_scan.hh -- which objects do readers hold? The half of the pin protocol that is ours.
#pragma once

#include <cstdint>
#include <vector>

#include "store/inventory.hh"
#include "store/readers.hh"
#include "store/shared/pin_cell.hh"

namespace obj {

// Reads all pin cells once for each call, and believes none of them: a cell counts only if it names
// slot and generation of an object that is here.
//
// That an object is not pinned is certain only if its slot was Evicting before the call: see "Pins"
// in docs/notes/pin_protocol.md. For other objects the answer is a snapshot.
//
// Lifetime: both must outlive it.  Threads: the reactor thread.
class PinScan {
 public:
  PinScan(const Inventory& inventory, Readers& readers)
      : inventory_(inventory), readers_(readers), is_candidate_(inventory.table().slot_count()) {}

  // How many cells name it.
  uint32_t count(ObjectRef ref);

  // Moves those of `candidates` that a reader holds to `pinned`. Keeps the order of both.
  // REQUIRES: candidates are slots of objects that are here, all different.
  void split(std::vector<uint32_t>& candidates, std::vector<uint32_t>& pinned);

  // All pins that are true, with what they pin, each {session, slot} once.
  struct View {
    SessionId session;
    uint32_t slot;

    friend auto operator<=>(const View&, const View&) = default;
  };
  const std::vector<View>& views();

  // Calls function(session, slot) for every pin that is true, as often as it is there.
  template <class Function>
  void for_each(Function function) {
    collect();
    for (const HeldPin& pin : pins_) {
      if (names_nothing(pin.word)) continue;
      const uint32_t slot = pin_slot(pin.word);
      if (inventory_.is_pin_of(pin.word, slot)) function(pin.session, slot);
    }
  }

  uint64_t scans() const { return scans_; }

 private:
  // Nonsense, since a cell that is 0 is not collected.
  static bool names_nothing(uint64_t word) { return (word & 0xffffffff) == 0; }
  void collect();

  const Inventory& inventory_;
  Readers& readers_;
  std::vector<HeldPin> pins_;       // of the last collect(); its memory is reused
  std::vector<View> views_;         // scratch of views()
  std::vector<bool> is_candidate_;  // by slot; all false between calls
  uint64_t scans_ = 0;
};

}  // namespace obj
