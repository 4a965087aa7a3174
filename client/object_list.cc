// SPDX-License-Identifier: Apache-2.0
#include "client/object_list.hh"

#include <bit>
#include <optional>

namespace obj::client {
namespace {

// A slot that changes faster than it can be read is left out, as one that comes or goes meanwhile.
constexpr int kReadsMax = 4;

// One consistent look at a slot, or nothing if it is free. See "Generations" in
// docs/notes/pin_protocol.md.
std::optional<obj_info> look_at(const Slot& slot) {
  for (int read = 0; read < kReadsMax; read++) {
    const ControlWord control = slot.control.load(std::memory_order_acquire);
    const SlotState state = control_state(control);
    if (state == SlotState::kFree || state > SlotState::kEvicting) return std::nullopt;
    const IdWords id{slot.id_words[0].load(std::memory_order_acquire),
                     slot.id_words[1].load(std::memory_order_acquire)};
    obj_info info{};
    info.id = std::bit_cast<obj_id>(id);
    info.state = static_cast<uint32_t>(state);
    info.data_bytes = slot.data_bytes.load(std::memory_order_acquire);
    info.metadata_bytes = slot.metadata_bytes.load(std::memory_order_acquire);
    info.generation = control_generation(control);
    if (slot.control.load(std::memory_order_acquire) == control) return info;
  }
  return std::nullopt;
}

}  // namespace

size_t list_objects(const TableView& table, uint64_t& cursor, std::span<obj_info> infos) {
  size_t count = 0;
  auto index = static_cast<uint32_t>(cursor);
  for (; index < table.slot_count() && count < infos.size(); index++) {
    if (const auto info = look_at(table.slot(index))) infos[count++] = *info;
  }
  cursor = index < table.slot_count() ? index : 0;
  return count;
}

}  // namespace obj::client
