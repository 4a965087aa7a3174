// SPDX-License-Identifier: Apache-2.0
#include "spill/segment_room.hh"

#include <algorithm>
#include <iterator>

#include "base/check.hh"

namespace obj {

SegmentRoom::SegmentRoom(uint64_t begin, uint64_t end)
    : begin_(begin), users_((end - begin) / kSpillBlock), free_blocks_(users_.size()) {
  OBJ_CHECK(begin <= end && begin % kSpillBlock == 0 && end % kSpillBlock == 0);
  if (free_blocks_ > 0) runs_.emplace(0, free_blocks_);
  largest_max_ = free_blocks_;
}

std::optional<SegmentRoom::Run> SegmentRoom::take(uint64_t least_bytes, uint64_t most_bytes) {
  OBJ_CHECK(least_bytes > 0 && least_bytes <= most_bytes);
  OBJ_CHECK(least_bytes % kSpillBlock == 0 && most_bytes % kSpillBlock == 0);
  const uint64_t least = least_bytes / kSpillBlock;
  if (least > largest_max_) return std::nullopt;
  const auto found = std::ranges::find_if(runs_, [&](auto& run) { return run.second >= least; });
  if (found == runs_.end()) {
    largest_free_bytes();
    return std::nullopt;
  }
  const auto [first, count] = *found;
  const uint64_t taken = std::min(count, most_bytes / kSpillBlock);
  runs_.erase(found);
  if (taken < count) runs_.emplace(first + taken, count - taken);
  for (uint64_t block = first; block < first + taken; block++) users_[block] = 1;
  free_blocks_ -= taken;
  return Run{begin_ + first * kSpillBlock, taken * kSpillBlock};
}

void SegmentRoom::hold(uint64_t offset, uint64_t size_bytes) {
  OBJ_CHECK(offset >= begin_ && size_bytes > 0);
  const uint64_t last = block_of(offset + size_bytes - 1);
  OBJ_CHECK(last < users_.size());
  for (uint64_t block = block_of(offset); block <= last; block++) {
    OBJ_CHECK(users_[block] < UINT16_MAX);
    if (users_[block]++ == 0) make_used(block);
  }
}

void SegmentRoom::drop(uint64_t offset, uint64_t size_bytes) {
  OBJ_CHECK(offset >= begin_ && size_bytes > 0);
  const uint64_t last = block_of(offset + size_bytes - 1);
  OBJ_CHECK(last < users_.size());
  for (uint64_t block = block_of(offset); block <= last; block++) {
    OBJ_CHECK(users_[block] > 0);
    if (--users_[block] == 0) make_free(block);
  }
}

uint64_t SegmentRoom::largest_free_bytes() {
  largest_max_ = 0;
  for (const auto& [first, count] : runs_) largest_max_ = std::max(largest_max_, count);
  return largest_max_ * kSpillBlock;
}

void SegmentRoom::make_used(uint64_t block) {
  const auto run = std::prev(runs_.upper_bound(block));
  const auto [first, count] = *run;
  OBJ_CHECK(block >= first && block - first < count);
  runs_.erase(run);
  if (block > first) runs_.emplace(first, block - first);
  if (block + 1 < first + count) runs_.emplace(block + 1, first + count - block - 1);
  free_blocks_--;
}

void SegmentRoom::make_free(uint64_t block) {
  uint64_t first = block;
  uint64_t count = 1;
  const auto next = runs_.lower_bound(block);
  if (next != runs_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == block) {
      first = before->first;
      count += before->second;
    }
  }
  if (next != runs_.end() && next->first == block + 1) {
    count += next->second;
    runs_.erase(next);
  }
  runs_.insert_or_assign(first, count);
  free_blocks_++;
  largest_max_ = std::max(largest_max_, count);
}

void SegmentRoom::check_invariants() const {
  uint64_t end_before = 0;
  uint64_t free_blocks = 0;
  uint64_t largest = 0;
  for (const auto& [first, count] : runs_) {
    OBJ_CHECK(count > 0);
    OBJ_CHECK(free_blocks == 0 || first > end_before);
    OBJ_CHECK(first + count <= users_.size());
    for (uint64_t block = first; block < first + count; block++) OBJ_CHECK(users_[block] == 0);
    end_before = first + count;
    free_blocks += count;
    largest = std::max(largest, count);
  }
  OBJ_CHECK(free_blocks == free_blocks_);
  OBJ_CHECK(free_blocks == static_cast<uint64_t>(std::ranges::count(users_, 0)));
  OBJ_CHECK(largest <= largest_max_);
}

}  // namespace obj
