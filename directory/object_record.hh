// SPDX-License-Identifier: Apache-2.0
// directory/object_record.hh -- how one object is kept: a cache line, and more for further copies.
//
// Tens of millions of these are the directory's memory, hence the packing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "directory/location.hh"

namespace obj::directory {

// Number of a tenure (directory/tenures.hh), which names the node. 0: no copy.
using TenureNumber = uint32_t;
inline constexpr TenureNumber kNoTenure = 0;

struct CopyEntry {
  uint64_t offset;
  uint64_t generation_and_flags;  // generation in bits 16..63, flags below
  uint32_t slot;
  TenureNumber tenure;

  static constexpr uint64_t kSealed = 1;
  static constexpr uint64_t kPrimary = 2;
  static constexpr uint64_t kSpilled = 8;
  static constexpr uint64_t kFreeing = 4;  // the holder was told to delete it: shown to nobody

  static CopyEntry of(const Copy& copy, TenureNumber tenure) {
    return {copy.offset,
            copy.generation << 16 | (copy.state == CopyState::kSealed ? kSealed : 0) |
                (copy.state == CopyState::kSpilled ? kSpilled : 0) |
                (copy.role == CopyRole::kPrimary ? kPrimary : 0),
            copy.slot, tenure};
  }
  Copy copy() const {
    return {offset, generation(), slot,
            generation_and_flags & kSealed    ? CopyState::kSealed
            : generation_and_flags & kSpilled ? CopyState::kSpilled
                                              : CopyState::kPartial,
            generation_and_flags & kPrimary ? CopyRole::kPrimary : CopyRole::kSecondary};
  }
  uint64_t generation() const { return generation_and_flags >> 16; }
  bool freeing() const { return (generation_and_flags & kFreeing) != 0; }
};
static_assert(sizeof(CopyEntry) == 24);

// See Copies (directory/copies.hh) for the order of copies and which of them are shown.
struct alignas(64) ObjectRecord {
  ObjectId id;
  uint64_t data_bytes;
  uint32_t metadata_bytes;
  uint32_t origin;
  CopyEntry first;
  uint32_t more;     // number of a MoreCopy; 0: none
  uint32_t watches;  // number of a Watch; 0: nobody subscribed

  ObjectShape shape() const { return {data_bytes, metadata_bytes, origin}; }
  void set_shape(const ObjectShape& shape) {
    data_bytes = shape.data_bytes;
    metadata_bytes = shape.metadata_bytes;
    origin = shape.origin;
  }
  bool has_copies() const { return first.tenure != kNoTenure; }
  // Only then it is worth its memory. A released record is not.
  bool in_use() const { return has_copies() || watches != 0; }
};
static_assert(sizeof(ObjectRecord) == 64 && std::is_trivially_copyable_v<ObjectRecord>);

struct MoreCopy {
  uint32_t next;  // number of a MoreCopy; 0: the last
  uint32_t unused;
  ObjectShape shape;  // of this copy: another put's, or one that is being freed
  CopyEntry entry;
};
static_assert(sizeof(MoreCopy) == 48);

}  // namespace obj::directory
