// SPDX-License-Identifier: Apache-2.0
// spill/segment_format.hh -- the bytes of a segment file, as docs/spill_format.md describes them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "base/object_id.hh"
#include "base/result.hh"
#include "spill/spill_tier.hh"

namespace obj {

static_assert(std::endian::native == std::endian::little, "the disk's integers are little-endian");

inline constexpr uint64_t kSpillBlock = 4096;
inline constexpr uint64_t kRecordAlign = 32;
// Payloads of this size and more are written from the arena itself, if not compressed. Part of the
// format: a restore tells by it where the body of a record begins.
inline constexpr uint64_t kInPlaceMin = uint64_t{64} << 10;
// Checksums and reads of bodies go by pieces of this size.
inline constexpr uint64_t kPieceBytes = uint64_t{1} << 20;
// Packed records are written in runs of at most this size; so none is larger.
inline constexpr uint64_t kFusedBytesMax = uint64_t{1} << 20;

constexpr uint64_t round_up(uint64_t value, uint64_t step) {
  return (value + step - 1) / step * step;
}

enum class SpillCodec : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };
enum class RecordLayout : uint8_t { kPacked = 1, kInPlace = 2 };

struct SegmentHeader {
  static constexpr char kMagic[8] = {'O', 'B', 'J', 'S', 'P', 'I', 'L', '1'};
  static constexpr uint32_t kVersion = 1;

  char magic[8];
  uint32_t version;
  uint32_t reserved0;
  uint64_t number;
  uint64_t segment_bytes;
  uint64_t index_bytes;
  uint64_t reserved1[2];
  uint64_t checksum;
};
static_assert(sizeof(SegmentHeader) == 64 && offsetof(SegmentHeader, checksum) == 56);
static_assert(std::is_trivially_copyable_v<SegmentHeader>);

struct IndexEntry {
  uint32_t checksum;
  SpillCodec codec;
  RecordLayout layout;
  uint16_t copy;
  uint64_t sequence;
  ObjectId id;
  uint32_t origin;
  uint32_t metadata_bytes;
  uint64_t data_bytes;
  uint64_t payload_bytes;
  uint32_t offset_units;
  uint32_t size_units;

  constexpr uint64_t offset() const { return offset_units * kRecordAlign; }
  uint64_t size_bytes() const { return size_units * kRecordAlign; }
  SpillCopy what() const { return {id, origin, data_bytes, metadata_bytes}; }
};
static_assert(sizeof(IndexEntry) == 64 && offsetof(IndexEntry, id) == 16);
static_assert(offsetof(IndexEntry, payload_bytes) == 48 && offsetof(IndexEntry, size_units) == 60);
static_assert(std::is_trivially_copyable_v<IndexEntry>);

struct IndexPageHead {
  static constexpr char kMagic[8] = {'O', 'B', 'J', 'I', 'N', 'D', 'X', '1'};

  char magic[8];
  uint64_t segment;
  uint32_t page;
  uint32_t reserved0;
  uint64_t durable_sequence;
  uint64_t reserved1[3];
  uint64_t checksum;
};
static_assert(sizeof(IndexPageHead) == 64 && offsetof(IndexPageHead, checksum) == 56);

struct IndexPage {
  static constexpr uint32_t kEntries = 63;
  IndexPageHead head;
  IndexEntry entries[kEntries];
};
static_assert(sizeof(IndexPage) == kSpillBlock && std::is_trivially_copyable_v<IndexPage>);

struct RecordHeader {
  static constexpr char kMagic[4] = {'O', 'R', 'E', 'C'};
  static constexpr uint8_t kVersion = 1;

  char magic[4];
  uint8_t version;
  SpillCodec codec;
  RecordLayout layout;
  uint8_t copy;
  uint64_t sequence;
  ObjectId id;
  uint32_t origin;
  uint32_t metadata_bytes;
  uint64_t data_bytes;
  uint64_t payload_bytes;
  uint64_t stored_bytes;
  uint64_t payload_checksum;
  uint64_t segment;
  uint64_t offset;
  uint64_t checksum;

  SpillCopy what() const { return {id, origin, data_bytes, metadata_bytes}; }
};
static_assert(sizeof(RecordHeader) == 96 && offsetof(RecordHeader, id) == 16);
static_assert(offsetof(RecordHeader, segment) == 72 && offsetof(RecordHeader, checksum) == 88);
static_assert(std::is_trivially_copyable_v<RecordHeader>);

// How the bytes of a record lie, all of it known from two sizes.
struct RecordShape {
  RecordLayout layout = RecordLayout::kPacked;
  uint64_t head_bytes = 0;  // header and tail, in place: whole blocks; packed: the record
  uint64_t tail_bytes = 0;  // of the stored bytes, behind the header
  uint64_t body_bytes = 0;  // whole blocks behind the head

  constexpr uint64_t size_bytes() const { return head_bytes + body_bytes; }
};

constexpr uint64_t packed_bytes(uint64_t stored_bytes) {
  return round_up(sizeof(RecordHeader) + stored_bytes, kRecordAlign);
}
// Of a payload that is not compressed.
constexpr RecordShape raw_shape(uint64_t payload_bytes) {
  if (payload_bytes < kInPlaceMin) {
    return {RecordLayout::kPacked, packed_bytes(payload_bytes), payload_bytes, 0};
  }
  const uint64_t tail_bytes = payload_bytes % kSpillBlock;
  return {RecordLayout::kInPlace, round_up(sizeof(RecordHeader) + tail_bytes, kSpillBlock),
          tail_bytes, payload_bytes - tail_bytes};
}
// Of a record of `record_bytes` that holds a payload of `payload_bytes`. A record that is smaller
// than the raw one is compressed; compressed records are kept only if they are.
constexpr RecordShape shape_of(uint64_t payload_bytes, uint64_t record_bytes) {
  const RecordShape raw = raw_shape(payload_bytes);
  if (record_bytes == raw.size_bytes()) return raw;
  return {RecordLayout::kPacked, record_bytes, 0, 0};
}

void seal(SegmentHeader& header);
void seal(IndexPageHead& head);
void seal(IndexEntry& entry, uint64_t segment, uint32_t slot);
void seal(RecordHeader& header);

// Checks of bytes from a disk: magic, version, checksum, and that they belong where they were read.
// Sizes are checked against the segment by who uses them.
bool is_sound(const SegmentHeader& header, uint64_t number);
bool is_sound(const IndexPageHead& head, uint64_t segment, uint32_t page);
bool is_sound(const IndexEntry& entry, uint64_t segment, uint32_t slot);
bool is_sound(const RecordHeader& header, uint64_t segment, uint64_t offset);
bool is_zero(std::span<const std::byte> bytes);

// Whether the header is of the record that the index, or a place, speaks of.
bool belongs(const RecordHeader& header, const SpillCopy& what, uint64_t payload_bytes,
             uint64_t record_bytes);

}  // namespace obj
