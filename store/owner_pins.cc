// SPDX-License-Identifier: Apache-2.0
#include "store/owner_pins.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj {

Result<void> OwnerPins::add(uint32_t slot, uint64_t bytes, std::string_view owner) {
  OBJ_CHECK(!owner.empty());
  OBJ_CHECK(owner.size() <= kOwnerBytesMax);
  const Owner known = holdings_.find(owner);
  const auto here = by_slot_.find(slot);
  if (here != by_slot_.end()) {
    if (std::ranges::find(here->second, known) != here->second.end()) return {};
    if (here->second.size() >= kOwnersPerObjectMax) {
      return std::unexpected(Error{ErrorCode::kLimit, 0, "owners of one object"});
    }
  }
  if (known == holdings_.end() && holdings_.size() >= kOwnersMax) {
    return std::unexpected(Error{ErrorCode::kLimit, 0, "owner names"});
  }
  const Owner entry =
      known != holdings_.end() ? known : holdings_.emplace(std::string(owner), Holding{}).first;
  entry->second.objects++;
  entry->second.bytes += bytes;
  by_slot_[slot].push_back(entry);
  return {};
}

Result<void> OwnerPins::remove(uint32_t slot, uint64_t bytes, std::string_view owner) {
  const Error not_owner{ErrorCode::kNotOwner, 0, "unpin"};
  const Owner known = holdings_.find(owner);
  const auto here = by_slot_.find(slot);
  if (known == holdings_.end() || here == by_slot_.end()) return std::unexpected(not_owner);
  if (std::erase(here->second, known) == 0) return std::unexpected(not_owner);
  if (here->second.empty()) by_slot_.erase(here);
  take_off(known, bytes);
  return {};
}

void OwnerPins::remove_all(uint32_t slot, uint64_t bytes) {
  const auto here = by_slot_.find(slot);
  if (here == by_slot_.end()) return;
  for (const Owner owner : here->second) take_off(owner, bytes);
  by_slot_.erase(here);
}

void OwnerPins::take_off(Owner owner, uint64_t bytes) {
  OBJ_CHECK(owner->second.objects > 0);
  OBJ_CHECK(owner->second.bytes >= bytes);
  owner->second.bytes -= bytes;
  if (--owner->second.objects == 0) holdings_.erase(owner);
}

uint32_t OwnerPins::count(uint32_t slot) const {
  const auto here = by_slot_.find(slot);
  return here == by_slot_.end() ? 0 : static_cast<uint32_t>(here->second.size());
}

}  // namespace obj
