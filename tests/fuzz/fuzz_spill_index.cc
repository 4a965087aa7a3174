// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_spill_index.cc -- the index of a segment, as a start reads it. Entries that the
// fuzzer writes get right checksums now and then, so that what follows the checksum is reached.
#include <cstring>
#include <vector>

#include "base/check.hh"
#include "spill/segment_recovery.hh"
#include "tests/fuzz/fuzz_input.hh"

namespace {

using namespace obj;

constexpr SegmentShape kShape{uint64_t{256} << 10, 2 * kSpillBlock};
constexpr uint64_t kNumber = 5;

std::vector<std::byte> index_of(FuzzInput& input, uint8_t sealed) {
  std::vector<std::byte> index(kShape.index_bytes);
  const auto bytes = input.take_bytes(index.size());
  if (!bytes.empty()) std::memcpy(index.data(), bytes.data(), bytes.size());
  if (sealed == 0) return index;
  for (uint32_t slot = 0; slot < kShape.slot_count(); slot++) {
    std::byte* const at = index.data() + slot / IndexPage::kEntries * kSpillBlock +
                          (1 + slot % IndexPage::kEntries) * sizeof(IndexEntry);
    IndexEntry entry;
    std::memcpy(&entry, at, sizeof entry);
    if (is_zero(std::as_bytes(std::span(&entry, 1)))) continue;
    seal(entry, kNumber, slot);
    std::memcpy(at, &entry, sizeof entry);
  }
  return index;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzInput input(data, size_bytes);
  const auto sealed = input.take<uint8_t>();
  const auto file_blocks = input.take<uint8_t>();
  const auto index = index_of(input, sealed % 4);
  RecoveredSegment found =
      recover_segment(kNumber, kShape, file_blocks * kSpillBlock, std::span(index));
  found.segment.check_invariants();
  // What was believed can be used: removed, and its room is all there again.
  std::vector<IndexEntry> entries;
  found.segment.for_each([&](const IndexEntry& entry) { entries.push_back(entry); });
  for (const IndexEntry& entry : entries) {
    found.segment.retract(entry.offset());
    found.segment.settle(entry.offset(), entry.size_bytes());
  }
  found.segment.check_invariants();
  OBJ_CHECK(found.segment.free_bytes() == kShape.segment_bytes - kShape.records_begin());
  OBJ_CHECK(found.segment.free_slots() == kShape.slot_count());
  return 0;
}
