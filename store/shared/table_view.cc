// SPDX-License-Identifier: Apache-2.0
#include "store/shared/table_view.hh"

namespace obj {
namespace {

constexpr Error kBadSegment{ErrorCode::kInvalid, 0, "control segment"};

bool fits(uint64_t offset, uint64_t count, uint64_t entry_bytes, uint64_t segment_bytes) {
  return offset <= segment_bytes && count <= (segment_bytes - offset) / entry_bytes;
}

}  // namespace

Result<TableView> TableView::over(std::span<const std::byte> segment) {
  if (segment.size() < kControlHeaderBytes) return std::unexpected(kBadSegment);
  const auto* header = reinterpret_cast<const ControlHeader*>(segment.data());
  if (header->magic != kControlMagic) return std::unexpected(kBadSegment);
  if (header->version != kControlVersion) {
    return std::unexpected(Error{ErrorCode::kVersion, 0, "control segment"});
  }
  if (!std::has_single_bit(header->bucket_count) || header->slots_offset % alignof(Slot) != 0 ||
      header->heads_offset % sizeof(uint32_t) != 0 ||
      !fits(header->heads_offset, header->bucket_count, sizeof(uint32_t), segment.size()) ||
      !fits(header->slots_offset, header->slot_count, sizeof(Slot), segment.size())) {
    return std::unexpected(kBadSegment);
  }
  TableView view;
  view.header_ = header;
  view.heads_ =
      reinterpret_cast<const std::atomic<uint32_t>*>(segment.data() + header->heads_offset);
  view.slots_ = reinterpret_cast<const Slot*>(segment.data() + header->slots_offset);
  view.bucket_mask_ = header->bucket_count - 1;
  view.seed_ = header->hash_seed;
  view.slot_count_ = header->slot_count;
  return view;
}

}  // namespace obj
