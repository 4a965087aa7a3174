// SPDX-License-Identifier: Apache-2.0
#include "spill/segment_set.hh"

#include <utility>

#include "base/check.hh"

namespace obj {
namespace {

RecordLayout meant_for(const Segment& segment) {
  const uint64_t bytes_a_record = segment.shape().segment_bytes / segment.shape().slot_count();
  return bytes_a_record < kInPlaceMin / 2 ? RecordLayout::kPacked : RecordLayout::kInPlace;
}

}  // namespace

Segment& SegmentSet::add(Segment segment) {
  const uint64_t number = segment.number();
  const auto [at, is_new] = segments_.emplace(number, std::move(segment));
  OBJ_CHECK(is_new);
  return at->second;
}

Segment* SegmentSet::find(uint64_t number) {
  const auto at = segments_.find(number);
  return at == segments_.end() ? nullptr : &at->second;
}

const Segment* SegmentSet::find(uint64_t number) const {
  const auto at = segments_.find(number);
  return at == segments_.end() ? nullptr : &at->second;
}

std::optional<SpillExtent> SegmentSet::reserve(RecordLayout layout, uint64_t least_bytes,
                                               uint64_t most_bytes, uint32_t records) {
  for (const bool is_meant : {true, false}) {
    for (auto& [number, segment] : segments_) {
      if ((meant_for(segment) == layout) != is_meant) continue;
      if (auto extent = reserve_in(segment, least_bytes, most_bytes, records)) return extent;
    }
  }
  return std::nullopt;
}

std::optional<SpillExtent> SegmentSet::reserve_in(Segment& segment, uint64_t least_bytes,
                                                  uint64_t most_bytes, uint32_t records) {
  const auto run = segment.reserve(least_bytes, most_bytes, records);
  if (!run) return std::nullopt;
  return SpillExtent{segment.number(), *run};
}

SpillLedger SegmentSet::ledger() const {
  SpillLedger sum;
  for (const auto& [number, segment] : segments_) sum += segment.ledger();
  return sum;
}

void SegmentSet::check_invariants() const {
  for (const auto& [number, segment] : segments_) segment.check_invariants();
}

void SequenceLine::close(uint64_t sequence) {
  OBJ_CHECK(sequence >= first_open_ && sequence - first_open_ < is_open_.size());
  OBJ_CHECK(is_open_[sequence - first_open_]);
  is_open_[sequence - first_open_] = false;
  while (!is_open_.empty() && !is_open_.front()) {
    is_open_.pop_front();
    first_open_++;
  }
}

}  // namespace obj
