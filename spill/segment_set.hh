// SPDX-License-Identifier: Apache-2.0
// spill/segment_set.hh -- the segments of one directory: where the next records go.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "spill/segment.hh"

namespace obj {

// Room for records that are written together.
struct SpillExtent {
  uint64_t segment = 0;
  SegmentRoom::Run run;
};

// Pure. Segments have numbers that grow; one with a dense index is meant for packed records, one
// with a sparse index for records in place, and each takes the others when nothing else is left.
class SegmentSet {
 public:
  static constexpr uint64_t kDenseBytesARecord = 2048;
  static constexpr uint64_t kSparseBytesARecord = kInPlaceMin;

  Segment& add(Segment segment);
  Segment* find(uint64_t number);
  const Segment* find(uint64_t number) const;

  // In the segment of lowest number that has it: so the later ones run empty.
  // REQUIRES: as SegmentRoom::take().
  std::optional<SpillExtent> reserve(RecordLayout layout, uint64_t least_bytes, uint64_t most_bytes,
                                     uint32_t records);

  SpillLedger ledger() const;
  size_t count() const { return segments_.size(); }
  auto begin() { return segments_.begin(); }
  auto end() { return segments_.end(); }
  void check_invariants() const;

 private:
  std::optional<SpillExtent> reserve_in(Segment& segment, uint64_t least_bytes, uint64_t most_bytes,
                                        uint32_t records);

  std::map<uint64_t, Segment> segments_;
};

// Numbers records, and knows below which number nothing is unsettled: what index pages promise.
class SequenceLine {
 public:
  explicit SequenceLine(uint64_t next) : first_open_(next) {}

  uint64_t open() {
    is_open_.push_back(true);
    return first_open_ + is_open_.size() - 1;
  }
  // The record is durable, or no index on disk names it. REQUIRES: open, and not closed yet.
  void close(uint64_t sequence);
  // All up to this one, itself included, are closed.
  uint64_t durable() const { return first_open_ - 1; }

 private:
  uint64_t first_open_;
  std::deque<bool> is_open_;  // from first_open_ on
};

}  // namespace obj
