// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_spill_segment.cc -- headers of segments and records, and URLs: checked, never
// believed. With right checksums now and then, so that the sizes behind them are tried.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/check.hh"
#include "spill/record_check.hh"
#include "spill/segment_name.hh"
#include "spill/segment_recovery.hh"
#include "tests/fuzz/fuzz_input.hh"

namespace {

using namespace obj;

void try_segment_header(FuzzInput input) {
  SegmentHeader header{};
  std::memcpy(&header, input.rest().data(), std::min(input.rest().size(), sizeof header));
  std::ranges::copy(SegmentHeader::kMagic, header.magic);
  header.version = SegmentHeader::kVersion;
  seal(header);
  const auto shape = read_segment_header(header.number, std::as_bytes(std::span(&header, 1)));
  if (!shape) return;
  OBJ_CHECK(shape->records_begin() < shape->segment_bytes);
  OBJ_CHECK(shape->slot_count() > 0);
}

void try_record(FuzzInput input) {
  ExpectedRecord wanted;
  wanted.payload_bytes = input.take<uint32_t>();
  wanted.size_bytes = input.pick({raw_shape(wanted.payload_bytes).size_bytes(), 96, 128});
  const bool is_sealed = input.below(2) == 0;
  std::vector<uint8_t> copy(input.rest().begin(), input.rest().end());
  if (is_sealed && copy.size() >= sizeof(RecordHeader)) {
    RecordHeader header;
    std::memcpy(&header, copy.data(), sizeof header);
    std::ranges::copy(RecordHeader::kMagic, header.magic);
    header.version = RecordHeader::kVersion;
    wanted.copy = header.what();
    wanted.segment = header.segment;
    wanted.offset = header.offset;
    seal(header);
    std::memcpy(copy.data(), &header, sizeof header);
  }
  const auto bytes = std::as_bytes(std::span(copy));
  const auto record = check_packed(bytes, wanted);
  if (record) OBJ_CHECK(record->stored.size() == record->header.stored_bytes);
}

void try_url(FuzzInput input) {
  const std::string_view text(reinterpret_cast<const char*>(input.rest().data()),
                              input.rest().size());
  const auto parts = parse_file_url(text);
  if (parts) OBJ_CHECK(parse_file_url(to_url(*parts)) == parts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzInput input(data, size_bytes);
  switch (input.below(3)) {
    case 0: try_segment_header(input); break;
    case 1: try_record(input); break;
    case 2: try_url(input); break;
  }
  return 0;
}
