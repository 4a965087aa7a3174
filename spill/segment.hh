// SPDX-License-Identifier: Apache-2.0
// spill/segment.hh -- one segment file as its writer knows it: its room and its index.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "spill/segment_format.hh"
#include "spill/segment_room.hh"

namespace obj {

struct SegmentShape {
  uint64_t segment_bytes = 0;
  uint64_t index_bytes = 0;

  uint64_t records_begin() const { return kSpillBlock + index_bytes; }
  uint32_t page_count() const { return static_cast<uint32_t>(index_bytes / kSpillBlock); }
  uint32_t slot_count() const { return page_count() * IndexPage::kEntries; }
  // Whether a segment may have it: bytes of a disk say so.
  bool is_sound() const;

  // With one index entry for each `bytes_a_record` of records, about.
  static SegmentShape with(uint64_t segment_bytes, uint64_t bytes_a_record);
};

// size_bytes == overhead + live + writing + free + dead, always.
struct SpillLedger {
  uint64_t size_bytes = 0;
  uint64_t overhead_bytes = 0;  // headers and indexes
  uint64_t live_bytes = 0;      // records that are found after a crash, or soon will be
  uint64_t writing_bytes = 0;   // taken for writes in flight, or lent to the file system
  uint64_t free_bytes = 0;
  uint64_t dead_bytes = 0;  // between live records, or of removed ones that a crash may bring back
  uint64_t records = 0;     // live

  SpillLedger& operator+=(const SpillLedger& other);
  friend bool operator==(const SpillLedger&, const SpillLedger&) = default;
};

// Pure: what is to be written where, and what the index says. Does no I/O.
//
// A record's life: reserve() room and a slot, write, publish(), write the dirty pages, sync,
// finish(). Its end: retract(), write the dirty pages, sync, settle(). See docs/spill_format.md.
class Segment {
 public:
  // REQUIRES: shape.is_sound().
  Segment(uint64_t number, const SegmentShape& shape);
  Segment(Segment&&) = default;

  uint64_t number() const { return number_; }
  const SegmentShape& shape() const { return shape_; }
  SegmentHeader header() const;

  // Room of `least_bytes` to `most_bytes` and index slots for `records`, or nothing.
  std::optional<SegmentRoom::Run> reserve(uint64_t least_bytes, uint64_t most_bytes,
                                          uint32_t records);
  // Of a reservation: so many records fewer are published.
  void return_slots(uint32_t records) { free_slots_ += records; }
  // The reservation ends: its records were published and are durable, or nothing of it was.
  // `records_unpublished` slots are given back.
  void finish(const SegmentRoom::Run& run, uint32_t records_unpublished);

  // The record's entry is in the index from the next write of its page on. The checksum is set
  // here. REQUIRES: within a reservation, which has a slot left for it.
  void publish(const IndexEntry& entry);
  // The record that begins at `offset`, or null.
  const IndexEntry* find(uint64_t offset) const;
  // Out of the index from the next write of its page on. Its blocks stay taken until settle().
  // REQUIRES: find(offset) != nullptr.
  IndexEntry retract(uint64_t offset);
  void settle(uint64_t offset, uint64_t size_bytes) { room_.drop(offset, size_bytes); }

  // As it was found on disk. REQUIRES: the slot is free; checked as segment_recovery.hh does.
  void restore_entry(uint32_t slot, const IndexEntry& entry);
  // The page is to be written, whatever it says.
  void touch_page(uint32_t page);

  // For reads: the blocks stay as they are until unpin().
  void pin(uint64_t offset, uint64_t size_bytes) { room_.hold(offset, size_bytes); }
  void unpin(uint64_t offset, uint64_t size_bytes) { room_.drop(offset, size_bytes); }

  // Pages to be written, ascending; from now on they count as written.
  std::vector<uint32_t> take_dirty_pages();
  bool is_dirty() const { return !dirty_pages_.empty(); }
  // The bytes of a page. REQUIRES: out.size() == kSpillBlock.
  void fill_page(uint32_t page, uint64_t durable_sequence, std::span<std::byte> out) const;

  uint32_t free_slots() const { return free_slots_; }
  uint64_t largest_free_bytes_max() const { return room_.largest_free_bytes_max(); }
  uint64_t free_bytes() const { return room_.free_bytes(); }
  SpillLedger ledger() const;
  // Calls visit(const IndexEntry&) for each record.
  template <class Visit>
  void for_each(Visit visit) const;
  void check_invariants() const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  IndexEntry& entry_at(uint32_t slot);
  const IndexEntry& entry_at(uint32_t slot) const;
  uint32_t slot_of(uint64_t offset) const;
  void link(uint32_t slot, const IndexEntry& entry);
  uint32_t free_slot();
  uint64_t block_of(uint64_t offset) const {
    return (offset - shape_.records_begin()) / kSpillBlock;
  }

  uint64_t number_;
  SegmentShape shape_;
  SegmentRoom room_;
  std::vector<std::unique_ptr<IndexPage>> pages_;  // null: all zero
  std::vector<uint32_t> first_in_block_;  // of each block: a slot whose record begins there
  std::vector<uint32_t> next_in_block_;   // of each slot
  std::vector<uint32_t> returned_slots_;  // free ones below next_slot_
  uint32_t next_slot_ = 0;
  uint32_t free_slots_ = 0;  // not reserved either
  std::vector<bool> is_page_dirty_;
  std::vector<uint32_t> dirty_pages_;
  uint64_t live_bytes_ = 0;
  uint64_t writing_bytes_ = 0;
  uint64_t records_ = 0;
};

template <class Visit>
void Segment::for_each(Visit visit) const {
  for (const auto& page : pages_) {
    if (page == nullptr) continue;
    for (const IndexEntry& entry : page->entries) {
      if (entry.size_units > 0) visit(entry);
    }
  }
}

}  // namespace obj
