// SPDX-License-Identifier: Apache-2.0
// store/blockers.hh -- who holds memory that cannot be evicted now.
#pragma once

#include <cstdint>
#include <vector>

#include "store/inventory.hh"
#include "store/ledger.hh"
#include "store/owner_pins.hh"
#include "store/pin_scan.hh"

namespace obj {

// Largest first, at most `entries_max`. An object that several hold counts for each of them. Reads
// all pin cells, so it is for answers to people.
std::vector<Blocker> find_blockers(const Inventory& inventory, const OwnerPins& owner_pins,
                                   PinScan& pins, uint32_t entries_max);

}  // namespace obj
