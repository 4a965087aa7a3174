// SPDX-License-Identifier: Apache-2.0
// directory/id_index.hh -- from the hash of an id to the number of its record, growing in small
// steps.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "directory/slab.hh"

namespace obj::directory {

// Extendible hashing. A segment is 4096 slots of 8 bytes, probed linearly; the top bits of the hash
// choose it. A segment that is 80% full splits in two, alone: 20-50 us, the longest that one insert
// takes, however large the index is. The same hash may be in it more than once.
//
// It holds 32 bits of each hash, so neither splits nor removals look at the records.
//
// Limits: 2^30 entries, with hashes that nobody can choose (a secret seed).
class IdIndex {
 public:
  IdIndex();

  // The number for which `is_it` says true among those of this hash; 0: none. `is_it` is also asked
  // about a few others.
  template <class IsIt>
  uint32_t find(uint64_t hash, IsIt&& is_it) const {
    const Segment& segment = segment_of(hash);
    const uint32_t tag = tag_of(hash);
    for (uint32_t at = home(tag);; at = next(at)) {
      const Slot slot = segment.slots[at];
      if (slot.number == 0) return 0;
      if (slot.tag == tag && is_it(slot.number)) return slot.number;
    }
  }

  // Probably what find() will find: for prefetching. Looks at the index only.
  uint32_t guess(uint64_t hash) const {
    return find(hash, [](uint32_t) { return true; });
  }

  // REQUIRES: number is not 0 and not in the index.
  void insert(uint64_t hash, uint32_t number);
  // REQUIRES: it was inserted under this hash.
  void erase(uint64_t hash, uint32_t number);

  void prefetch(uint64_t hash) const {
    __builtin_prefetch(&segment_of(hash).slots[home(tag_of(hash))]);
  }

  uint64_t bytes() const;

 private:
  static constexpr uint32_t kSlots = 4096;
  static constexpr uint32_t kUsedMax = kSlots * 4 / 5;
  // The tag's upper 20 bits are the hash's, so that a segment can split that often.
  static constexpr uint32_t kDepthMax = 20;

  struct Slot {
    uint32_t tag;
    uint32_t number;  // 0: empty
  };
  struct Segment {
    std::array<Slot, kSlots> slots;
  };
  struct SegmentState {
    uint32_t used;
    uint32_t depth;  // how many top bits of the hash its entries share
  };

  // Hash bits 63..44, then bits 11..0.
  static uint32_t tag_of(uint64_t hash) {
    return static_cast<uint32_t>(hash >> 44 << 12 | (hash & (kSlots - 1)));
  }
  static uint32_t home(uint32_t tag) { return tag & (kSlots - 1); }
  static uint32_t next(uint32_t at) { return (at + 1) & (kSlots - 1); }

  // Shifted in two steps, since a shift by 64 is none.
  uint32_t segment_number(uint64_t hash) const { return segment_of_prefix_[hash >> 1 >> shift_]; }
  const Segment& segment_of(uint64_t hash) const { return segments_[segment_number(hash)]; }

  uint32_t add_segment(uint32_t depth);
  void place(Segment& segment, Slot slot);
  void split(uint64_t hash);
  void double_prefixes();

  Slab<Segment, 64> segments_;
  std::vector<SegmentState> states_;         // by segment number
  std::vector<uint32_t> segment_of_prefix_;  // by the top depth_ bits of the hash
  uint32_t depth_ = 0;
  uint32_t shift_ = 63;  // 63 - depth_
};

}  // namespace obj::directory
