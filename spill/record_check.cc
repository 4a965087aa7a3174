// SPDX-License-Identifier: Apache-2.0
#include "spill/record_check.hh"

#include <cstring>

#include "spill/checksum.hh"

namespace obj {

ExpectedRecord expected(uint64_t segment, const IndexEntry& entry) {
  return {segment, entry.offset(), entry.size_bytes(), entry.what(), entry.payload_bytes};
}

Result<RecordHeader> check_header(std::span<const std::byte> bytes, const ExpectedRecord& record) {
  RecordHeader header;
  if (bytes.size() < sizeof header) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "spilled record: cut off"});
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  if (!is_sound(header, record.segment, record.offset)) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "spilled record: header damaged"});
  }
  if (!belongs(header, record.copy, record.payload_bytes, record.size_bytes)) {
    return std::unexpected(Error{ErrorCode::kNotFound, 0, "spilled record: of another object"});
  }
  return header;
}

Result<PackedRecord> check_packed(std::span<const std::byte> bytes, const ExpectedRecord& record) {
  OBJ_TRY(const RecordHeader header, check_header(bytes, record));
  const auto rest = bytes.subspan(sizeof header);
  if (header.stored_bytes > rest.size()) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "spilled record: cut off"});
  }
  const auto stored = rest.first(header.stored_bytes);
  if (single_piece_total(stored) != header.payload_checksum) {
    return std::unexpected(damaged_payload());
  }
  return PackedRecord{header, stored};
}

}  // namespace obj
