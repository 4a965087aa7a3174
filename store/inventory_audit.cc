// SPDX-License-Identifier: Apache-2.0
// store/inventory_audit.cc -- counts the inventory anew, and checks it against itself.
#include "base/check.hh"
#include "store/inventory.hh"

namespace obj {

Ledger Inventory::recount() const {
  Ledger ledger;
  ledger.capacity_bytes = extents_.capacity_bytes();
  ledger.free_bytes = ledger.capacity_bytes;
  for (uint32_t slot = 0; slot < table_.first_unused(); slot++) {
    if (table_.state(slot) == SlotState::kFree) continue;
    const ObjectEntry& entry = entries_[slot];
    const auto add = [&](Holding& account) {
      account.objects++;
      account.bytes += entry.size_bytes;
    };
    for_each_account(ledger, entry, add);
    ledger.free_bytes -= entry.size_bytes;
  }
  return ledger;
}

void Inventory::check_invariants() const {
  table_.check_invariants();
  extents_.check_invariants();
  for (uint32_t slot = 0; slot < table_.first_unused(); slot++) {
    if (table_.state(slot) != SlotState::kFree) check_entry(slot);
  }
  check_lists();
  OBJ_CHECK(recount() == ledger_);
}

void Inventory::check_entry(uint32_t slot) const {
  const ObjectEntry& entry = entries_[slot];
  const Placement placement = table_.placement(slot);
  const SlotState state = table_.state(slot);
  const bool is_found = table_.find(placement.id) == slot;
  OBJ_CHECK(is_found == entry.is_indexed);
  OBJ_CHECK(entry.place_hook.is_linked());
  OBJ_CHECK(!entry.is_free);
  OBJ_CHECK(entry.offset == placement.offset);
  const uint64_t used_bytes = transfer_bytes(placement.data_bytes, placement.metadata_bytes);
  OBJ_CHECK(ExtentAllocator::extent_bytes(used_bytes) == entry.size_bytes);
  OBJ_CHECK(table_.ready_bytes(slot) <= used_bytes);
  OBJ_CHECK(table_.ready_bytes(slot) == used_bytes || state == SlotState::kCreating);
  switch (entry.place) {
    case Place::kUnsealed: OBJ_CHECK(state == SlotState::kCreating); return;
    case Place::kEvictable:
    case Place::kOwnerPinned:
      OBJ_CHECK(state == SlotState::kSealed);
      OBJ_CHECK(entry.is_indexed);
      return;
    case Place::kWithdrawn:
      OBJ_CHECK(state == SlotState::kEvicting);
      OBJ_CHECK(!entry.is_indexed);
      return;
  }
}

void Inventory::check_lists() const {
  uint64_t evictable_bytes = 0;
  for (const Worth worth : {Worth::kClean, Worth::kOnlyCopy, Worth::kBeingSpilled}) {
    uint64_t used_at = 0;
    uint64_t worth_bytes = 0;
    for (const ObjectEntry& entry : recency_.entries(worth)) {
      OBJ_CHECK(entry.place == Place::kEvictable);
      OBJ_CHECK(entry.worth() == worth);
      OBJ_CHECK(entry.used_at > used_at);
      worth_bytes += entry.size_bytes;
      used_at = entry.used_at;
    }
    OBJ_CHECK(worth_bytes == recency_.bytes(worth));
    evictable_bytes += worth_bytes;
  }
  OBJ_CHECK(evictable_bytes + ledger_.owner_pinned.bytes == ledger_.sealed.bytes);
  OBJ_CHECK(withdrawn_.size() == ledger_.withdrawn.objects);
  for (const ObjectEntry& entry : withdrawn_) OBJ_CHECK(entry.place == Place::kWithdrawn);
  OBJ_CHECK(owner_pinned_.size() == ledger_.owner_pinned.objects);
  for (const ObjectEntry& entry : owner_pinned_) OBJ_CHECK(entry.place == Place::kOwnerPinned);
  Holding unsealed;
  for (const auto& [session, creator] : unsealed_.creators()) {
    OBJ_CHECK(creator.entries.size() == creator.held.objects);
    for (const ObjectEntry& entry : creator.entries) OBJ_CHECK(entry.creator == session);
    unsealed.objects += creator.held.objects;
    unsealed.bytes += creator.held.bytes;
  }
  OBJ_CHECK(unsealed == ledger_.unsealed);
}

}  // namespace obj
