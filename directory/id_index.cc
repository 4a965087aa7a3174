// SPDX-License-Identifier: Apache-2.0
#include "directory/id_index.hh"

#include "base/check.hh"

namespace obj::directory {

IdIndex::IdIndex() : states_(1) { segment_of_prefix_.push_back(add_segment(0)); }

void IdIndex::insert(uint64_t hash, uint32_t number) {
  OBJ_CHECK(number != 0);
  while (states_[segment_number(hash)].used >= kUsedMax) split(hash);
  const uint32_t segment = segment_number(hash);
  place(segments_[segment], {tag_of(hash), number});
  states_[segment].used++;
}

void IdIndex::erase(uint64_t hash, uint32_t number) {
  const uint32_t segment_index = segment_number(hash);
  Segment& segment = segments_[segment_index];
  uint32_t hole = home(tag_of(hash));
  while (segment.slots[hole].number != number) {
    OBJ_CHECK(segment.slots[hole].number != 0);
    hole = next(hole);
  }
  // Entries that were pushed past the hole move back into it, so that no probe ends too early.
  for (uint32_t at = next(hole); segment.slots[at].number != 0; at = next(at)) {
    const uint32_t from_home = (at - home(segment.slots[at].tag)) & (kSlots - 1);
    const uint32_t from_hole = (at - hole) & (kSlots - 1);
    if (from_home < from_hole) continue;
    segment.slots[hole] = segment.slots[at];
    hole = at;
  }
  segment.slots[hole] = {};
  states_[segment_index].used--;
}

uint64_t IdIndex::bytes() const {
  return segments_.bytes() + states_.capacity() * sizeof(SegmentState) +
         segment_of_prefix_.capacity() * sizeof(uint32_t);
}

uint32_t IdIndex::add_segment(uint32_t depth) {
  const uint32_t number = segments_.allocate();
  segments_[number].slots.fill({});
  states_.resize(number + size_t{1});
  states_[number] = {0, depth};
  return number;
}

void IdIndex::place(Segment& segment, Slot slot) {
  uint32_t at = home(slot.tag);
  while (segment.slots[at].number != 0) at = next(at);
  segment.slots[at] = slot;
}

void IdIndex::split(uint64_t hash) {
  const uint32_t low = segment_number(hash);
  const uint32_t depth = states_[low].depth;
  OBJ_CHECK(depth < kDepthMax);
  if (depth == depth_) double_prefixes();
  const uint32_t high = add_segment(depth + 1);
  states_[low] = {0, depth + 1};

  const auto slots = segments_[low].slots;
  segments_[low].slots.fill({});
  for (const Slot& slot : slots) {
    if (slot.number == 0) continue;
    const uint32_t side = (slot.tag >> (31 - depth) & 1) != 0 ? high : low;
    place(segments_[side], slot);
    states_[side].used++;
  }

  // Of the prefixes that named the old segment, the upper half now names the new one.
  const uint64_t prefixes = uint64_t{1} << (depth_ - depth);
  const uint64_t first = (hash >> 1 >> shift_) & ~(prefixes - 1);
  for (uint64_t i = prefixes / 2; i < prefixes; i++) segment_of_prefix_[first + i] = high;
}

void IdIndex::double_prefixes() {
  std::vector<uint32_t> doubled(segment_of_prefix_.size() * 2);
  for (size_t i = 0; i < doubled.size(); i++) doubled[i] = segment_of_prefix_[i / 2];
  segment_of_prefix_.swap(doubled);
  depth_++;
  shift_--;
}

}  // namespace obj::directory
