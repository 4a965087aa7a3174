// SPDX-License-Identifier: Apache-2.0
// spill/record_check.hh -- whether bytes from a disk are the record that is looked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spill/segment_format.hh"

namespace obj {

// What is looked for, and where.
struct ExpectedRecord {
  uint64_t segment = 0;
  uint64_t offset = 0;
  uint64_t size_bytes = 0;  // of the record
  SpillCopy copy;
  uint64_t payload_bytes = 0;
};
ExpectedRecord expected(uint64_t segment, const IndexEntry& entry);

// kInvalid: no sound header. kNotFound: a sound one, of something else.
// `bytes`: from the record's beginning.
Result<RecordHeader> check_header(std::span<const std::byte> bytes, const ExpectedRecord& record);

// The stored bytes of a packed record, checked. kInvalid, kNotFound.
struct PackedRecord {
  RecordHeader header;
  std::span<const std::byte> stored;
};
Result<PackedRecord> check_packed(std::span<const std::byte> bytes, const ExpectedRecord& record);

inline Error damaged_payload() {
  return {ErrorCode::kInvalid, 0, "spilled bytes: checksum differs"};
}

}  // namespace obj
