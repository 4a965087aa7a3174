// SPDX-License-Identifier: Apache-2.0
#include "spill/segment_format.hh"

#include <algorithm>

#include "spill/checksum.hh"

namespace obj {
namespace {

// Of everything before the checksum that ends the struct.
template <class T>
uint64_t sum_before_checksum(const T& value) {
  return spill_checksum(std::as_bytes(std::span(&value, 1)).first(offsetof(T, checksum)));
}

uint32_t entry_sum(const IndexEntry& entry, uint64_t segment, uint32_t slot) {
  const auto bytes = std::as_bytes(std::span(&entry, 1)).subspan(sizeof entry.checksum);
  return static_cast<uint32_t>(spill_checksum(bytes, (segment << 24) + slot));
}

bool is_known(SpillCodec codec) { return codec <= SpillCodec::kZstd; }
bool is_known(RecordLayout layout) {
  return layout == RecordLayout::kPacked || layout == RecordLayout::kInPlace;
}

}  // namespace

void seal(SegmentHeader& header) { header.checksum = sum_before_checksum(header); }
void seal(IndexPageHead& head) { head.checksum = sum_before_checksum(head); }
void seal(RecordHeader& header) { header.checksum = sum_before_checksum(header); }
void seal(IndexEntry& entry, uint64_t segment, uint32_t slot) {
  entry.checksum = entry_sum(entry, segment, slot);
}

bool is_sound(const SegmentHeader& header, uint64_t number) {
  return std::ranges::equal(header.magic, SegmentHeader::kMagic) &&
         header.version == SegmentHeader::kVersion &&
         header.checksum == sum_before_checksum(header) && header.number == number;
}

bool is_sound(const IndexPageHead& head, uint64_t segment, uint32_t page) {
  return std::ranges::equal(head.magic, IndexPageHead::kMagic) && head.segment == segment &&
         head.page == page && head.checksum == sum_before_checksum(head);
}

bool is_sound(const IndexEntry& entry, uint64_t segment, uint32_t slot) {
  return is_known(entry.codec) && is_known(entry.layout) && entry.copy <= 1 &&
         entry.checksum == entry_sum(entry, segment, slot);
}

bool is_sound(const RecordHeader& header, uint64_t segment, uint64_t offset) {
  return std::ranges::equal(header.magic, RecordHeader::kMagic) &&
         header.version == RecordHeader::kVersion && is_known(header.codec) &&
         is_known(header.layout) && header.checksum == sum_before_checksum(header) &&
         header.segment == segment && header.offset == offset;
}

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

bool belongs(const RecordHeader& header, const SpillCopy& what, uint64_t payload_bytes,
             uint64_t record_bytes) {
  const RecordShape shape = shape_of(payload_bytes, record_bytes);
  const bool is_raw = record_bytes == raw_shape(payload_bytes).size_bytes();
  if (header.what() != what || header.payload_bytes != payload_bytes) return false;
  if (header.layout != shape.layout || is_raw != (header.codec == SpillCodec::kNone)) return false;
  if (is_raw) return header.stored_bytes == payload_bytes;
  return header.stored_bytes < payload_bytes && packed_bytes(header.stored_bytes) == record_bytes;
}

}  // namespace obj
