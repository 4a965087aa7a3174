// SPDX-License-Identifier: Apache-2.0
#include "node/remote/readable_memory.hh"

#include <cstddef>
#include <cstring>

#include "store/shared/control_header.hh"
#include "store/shared/slot.hh"

namespace obj {
namespace {

static_assert(sizeof(Slot) == verbs::kSlotBytes);
static_assert(offsetof(ControlHeader, incarnation) + sizeof(uint64_t) <= verbs::kSlotBytes);

template <class Word>
Word word_at(verbs::Line line, size_t offset) {
  Word word;
  std::memcpy(&word, line.data() + offset, sizeof word);
  return word;
}

}  // namespace

verbs::TableShape ReadableMemory::shape() const {
  const ControlHeader& header = table_.header();
  return {.version = header.version,
          .slot_count = header.slot_count,
          .slots_offset = header.slots_offset};
}

bool ReadableMemory::is_start_of(verbs::Line line, SourceNode node) const {
  return word_at<uint64_t>(line, offsetof(ControlHeader, magic)) == kControlMagic &&
         word_at<uint64_t>(line, offsetof(ControlHeader, incarnation)) == node.incarnation;
}

Result<SlotSighting> ReadableMemory::sighting(verbs::Line line) const {
  const auto control = word_at<ControlWord>(line, offsetof(Slot, control));
  const uint64_t state = control & 0xffff;  // bits 8 to 15 are zero in a slot of ours
  const bool is_held = state >= static_cast<uint64_t>(SlotState::kCreating) &&
                       state <= static_cast<uint64_t>(SlotState::kEvicting);
  if (!is_held) return std::unexpected(Error{ErrorCode::kStale, 0, "look at a slot over RDMA"});
  return SlotSighting{.id = word_at<ObjectId>(line, offsetof(Slot, id_words)),
                      .generation = control_generation(control),
                      .offset = word_at<uint64_t>(line, offsetof(Slot, offset)),
                      .data_bytes = word_at<uint64_t>(line, offsetof(Slot, data_bytes)),
                      .metadata_bytes = word_at<uint32_t>(line, offsetof(Slot, metadata_bytes)),
                      .ready_bytes = word_at<uint64_t>(line, offsetof(Slot, ready_bytes))};
}

}  // namespace obj
