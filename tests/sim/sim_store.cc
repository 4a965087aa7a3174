// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_store.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj::sim {

namespace {
constexpr uint64_t kAddressSpaceFactor = 4;
}

SimStore::SimStore(uint64_t capacity_bytes, uint64_t first_generation, Hooks hooks)
    : capacity_bytes_(capacity_bytes),
      first_generation_(first_generation),
      hooks_(std::move(hooks)),
      arena_(capacity_bytes * kAddressSpaceFactor) {}

Result<SimObject*> SimStore::create(const ObjectId& id, const ObjectShape& shape) {
  if (find(id) != nullptr) return std::unexpected(Error{ErrorCode::kExists, 0, "create"});
  if (shape.extent_bytes > capacity_bytes_) {
    return std::unexpected(Error{ErrorCode::kTooLarge, 0, "create"});
  }
  if (!make_room(shape.extent_bytes)) {
    return std::unexpected(Error{ErrorCode::kOutOfMemory, 0, "create"});
  }
  SimObject& object = objects_.emplace_back();
  object.id = id;
  object.shape = shape;
  object.slot = take_slot();
  object.offset = place(shape.extent_bytes);
  object.last_use = uses_++;
  used_[object.offset] = shape.extent_bytes;
  slots_[object.slot].object = &object;
  return &object;
}

bool SimStore::make_room(uint64_t extent_bytes) {
  uint64_t evictable = 0;
  for (const SimObject& object : objects_) {
    if (object.evictable()) evictable += object.shape.extent_bytes;
  }
  if (used_bytes() - evictable + extent_bytes > capacity_bytes_) return false;
  while (used_bytes() + extent_bytes > capacity_bytes_) {
    SimObject* oldest = nullptr;
    for (SimObject& object : objects_) {
      const bool older = oldest == nullptr || object.last_use < oldest->last_use;
      if (object.evictable() && older) oldest = &object;
    }
    OBJ_CHECK(oldest != nullptr);
    destroy(*oldest);
  }
  return true;
}

// First fit.
uint64_t SimStore::place(uint64_t extent_bytes) {
  uint64_t offset = 0;
  for (const auto& [start, size] : used_) {
    if (start - offset >= extent_bytes) break;
    offset = start + size;
  }
  OBJ_CHECK(is_in_arena(offset, extent_bytes));
  return offset;
}

uint32_t SimStore::take_slot() {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.push_back({first_generation_, nullptr});
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void SimStore::seal(SimObject& object) {
  object.sealed = true;
  object.ready_bytes = object.shape.transfer_bytes;
}

void SimStore::destroy(SimObject& object) {
  Slot& slot = slots_[object.slot];
  slot.generation++;
  slot.object = nullptr;
  free_slots_.push_back(object.slot);
  hooks_.on_free(object.offset, object.shape.extent_bytes);
  scribble_ = static_cast<uint8_t>(scribble_ * 5 + 41);
  std::ranges::fill(bytes(object.offset, object.shape.extent_bytes), scribble_);
  used_.erase(object.offset);
  if (object.sealed) hooks_.on_evicted(object);
  objects_.remove_if([&](const SimObject& other) { return &other == &object; });
}

SimObject* SimStore::find(const ObjectId& id) {
  const auto found =
      std::ranges::find_if(objects_, [&](const SimObject& object) { return object.id == id; });
  if (found == objects_.end()) return nullptr;
  found->last_use = uses_++;
  return &*found;
}

std::optional<SlotSighting> SimStore::look(uint32_t slot) const {
  if (slot >= slots_.size() || slots_[slot].object == nullptr) return std::nullopt;
  const SimObject& object = *slots_[slot].object;
  return SlotSighting{.id = object.id,
                      .generation = slots_[slot].generation,
                      .offset = object.offset,
                      .data_bytes = object.shape.data_bytes,
                      .metadata_bytes = object.shape.metadata_bytes,
                      .ready_bytes = object.ready_bytes};
}

bool SimStore::is_in_arena(uint64_t offset, uint64_t size_bytes) const {
  return offset <= arena_.size() && size_bytes <= arena_.size() - offset;
}

std::span<uint8_t> SimStore::bytes(uint64_t offset, uint64_t size_bytes) {
  OBJ_CHECK(is_in_arena(offset, size_bytes));
  return std::span(arena_).subspan(offset, size_bytes);
}

uint64_t SimStore::used_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [offset, size] : used_) bytes += size;
  return bytes;
}

uint64_t SimStore::pull_limit_bytes() const {
  uint64_t others = 0;
  for (const SimObject& object : objects_) {
    if (object.others_hold()) others += object.shape.extent_bytes;
  }
  return capacity_bytes_ - others;
}

uint64_t SimStore::reserved_by_pulls_bytes() const {
  uint64_t bytes = 0;
  for (const SimObject& object : objects_) {
    if (object.of_pull) bytes += object.shape.extent_bytes;
  }
  return bytes;
}

Source SimStore::source_of(const SimObject& object, SourceNode node) const {
  return {.node = node,
          .slot = object.slot,
          .generation = slots_[object.slot].generation,
          .offset = object.offset,
          .ready_bytes = object.ready_bytes};
}

}  // namespace obj::sim
