// SPDX-License-Identifier: Apache-2.0
// spill/segment_recovery.hh -- what a start makes of the bytes of a segment: a pure function.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hh"
#include "spill/segment.hh"

namespace obj {

struct RecoveredSegment {
  Segment segment;
  uint64_t durable_sequence = 0;  // the greatest that a page of it tells
  uint64_t last_sequence = 0;     // the greatest of its records
  uint64_t damaged_entries = 0;   // not zero, and not sound: what they named is lost
  uint64_t damaged_pages = 0;     // whose head is not sound; their entries stand for themselves
  uint64_t lost_records = 0;      // sound, but beyond the end of the file, or over another record
};

// The shape that the header tells. kInvalid: no header of a segment of this number and version.
Result<SegmentShape> read_segment_header(uint64_t number, std::span<const std::byte> block);

// Takes what is sound of the index, and marks the pages of the rest to be written anew.
// REQUIRES: index.size() == shape.index_bytes; shape.is_sound().
RecoveredSegment recover_segment(uint64_t number, const SegmentShape& shape, uint64_t file_bytes,
                                 std::span<const std::byte> index);

}  // namespace obj
