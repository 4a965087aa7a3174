// SPDX-License-Identifier: Apache-2.0
// spill/segment_room.hh -- which blocks of a segment's records are free.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "spill/segment_format.hh"

namespace obj {

// Counts who needs each block: records, which may share one, writes and reads in flight. A block
// without users is free, and free neighbours are one run. Knows numbers only.
class SegmentRoom {
 public:
  struct Run {
    uint64_t offset = 0;  // in the segment, a multiple of kSpillBlock
    uint64_t size_bytes = 0;
  };

  // The blocks of [begin, end), all free. REQUIRES: both are multiples of kSpillBlock.
  SegmentRoom(uint64_t begin, uint64_t end);

  // The first free run of `least_bytes`, of which at most `most_bytes` are taken, for one user.
  // REQUIRES: 0 < least_bytes <= most_bytes, multiples of kSpillBlock.
  std::optional<Run> take(uint64_t least_bytes, uint64_t most_bytes);

  // One more, or one less, user of each block that [offset, offset + size_bytes) touches.
  // REQUIRES: within the room, size_bytes > 0; drop: there was that user.
  void hold(uint64_t offset, uint64_t size_bytes);
  void drop(uint64_t offset, uint64_t size_bytes);

  uint64_t free_bytes() const { return free_blocks_ * kSpillBlock; }
  // No run is longer; there may be none as long.
  uint64_t largest_free_bytes_max() const { return largest_max_ * kSpillBlock; }
  // The longest free run. O(runs).
  uint64_t largest_free_bytes();

  // Aborts if runs and counts disagree. O(blocks).
  void check_invariants() const;

 private:
  uint64_t block_of(uint64_t offset) const { return (offset - begin_) / kSpillBlock; }
  void make_used(uint64_t block);
  void make_free(uint64_t block);

  uint64_t begin_;
  std::vector<uint16_t> users_;  // of each block
  // Free runs, not adjacent: first block -> count. Blocks are numbered from begin_.
  std::map<uint64_t, uint64_t> runs_;
  uint64_t free_blocks_ = 0;
  uint64_t largest_max_ = 0;
};

}  // namespace obj
