// SPDX-License-Identifier: Apache-2.0
#include "node/remote/held_copies.hh"

namespace obj {

Result<SlotSighting> HeldCopies::look(const ObjectId& id, uint32_t slot, uint64_t generation) {
  const auto sight = store_.look({slot, generation});
  if (!sight || sight->placement.id != id) {
    return std::unexpected(Error{ErrorCode::kStale, 0, "look at a copy"});
  }
  const Placement& placement = sight->placement;
  return SlotSighting{.id = id,
                      .generation = generation,
                      .offset = placement.offset,
                      .data_bytes = placement.data_bytes,
                      .metadata_bytes = placement.metadata_bytes,
                      .ready_bytes = sight->ready_bytes};
}

Result<ReadSource::Held> HeldCopies::hold(const ObjectId& id, uint32_t slot, uint64_t generation) {
  const auto sighting = look(id, slot, generation);
  if (!sighting) return std::unexpected(sighting.error());
  pins_.add({slot, generation});
  return Held{arena_.subspan(sighting->offset, sighting->ready_bytes), *sighting};
}

void HeldCopies::let_go(uint32_t slot, uint64_t generation) {
  if (pins_.remove({slot, generation})) on_unheld_({slot, generation});
}

}  // namespace obj
