// SPDX-License-Identifier: Apache-2.0
#include "spill/segment.hh"

#include <algorithm>
#include <cstring>

#include "base/check.hh"

namespace obj {
namespace {

// Slots fit the seed of an entry's checksum, offsets the entry's units.
constexpr uint64_t kSlotsMax = uint64_t{1} << 24;
constexpr uint64_t kSegmentBytesMax = kRecordAlign * UINT32_MAX / kSpillBlock * kSpillBlock;

}  // namespace

bool SegmentShape::is_sound() const {
  return segment_bytes % kSpillBlock == 0 && segment_bytes <= kSegmentBytesMax &&
         index_bytes % kSpillBlock == 0 && index_bytes > 0 && index_bytes < segment_bytes &&
         segment_bytes - index_bytes > kSpillBlock &&
         index_bytes / kSpillBlock * IndexPage::kEntries <= kSlotsMax;
}

SegmentShape SegmentShape::with(uint64_t segment_bytes, uint64_t bytes_a_record) {
  const uint64_t whole = segment_bytes / kSpillBlock * kSpillBlock;
  const uint64_t slots = std::min(whole / bytes_a_record + 1, kSlotsMax - IndexPage::kEntries);
  return {whole, round_up(slots, IndexPage::kEntries) / IndexPage::kEntries * kSpillBlock};
}

SpillLedger& SpillLedger::operator+=(const SpillLedger& other) {
  size_bytes += other.size_bytes;
  overhead_bytes += other.overhead_bytes;
  live_bytes += other.live_bytes;
  writing_bytes += other.writing_bytes;
  free_bytes += other.free_bytes;
  dead_bytes += other.dead_bytes;
  records += other.records;
  return *this;
}

Segment::Segment(uint64_t number, const SegmentShape& shape)
    : number_(number),
      shape_(shape),
      room_(shape.records_begin(), shape.segment_bytes),
      pages_(shape.page_count()),
      first_in_block_((shape.segment_bytes - shape.records_begin()) / kSpillBlock, kNone),
      next_in_block_(shape.slot_count(), kNone),
      free_slots_(shape.slot_count()),
      is_page_dirty_(shape.page_count()) {
  OBJ_CHECK(shape.is_sound());
}

SegmentHeader Segment::header() const {
  SegmentHeader header{};
  std::ranges::copy(SegmentHeader::kMagic, header.magic);
  header.version = SegmentHeader::kVersion;
  header.number = number_;
  header.segment_bytes = shape_.segment_bytes;
  header.index_bytes = shape_.index_bytes;
  seal(header);
  return header;
}

std::optional<SegmentRoom::Run> Segment::reserve(uint64_t least_bytes, uint64_t most_bytes,
                                                 uint32_t records) {
  if (free_slots_ < records) return std::nullopt;
  const auto run = room_.take(least_bytes, most_bytes);
  if (!run) return std::nullopt;
  free_slots_ -= records;
  writing_bytes_ += run->size_bytes;
  return run;
}

void Segment::finish(const SegmentRoom::Run& run, uint32_t records_unpublished) {
  OBJ_CHECK(writing_bytes_ >= run.size_bytes);
  writing_bytes_ -= run.size_bytes;
  free_slots_ += records_unpublished;
  room_.drop(run.offset, run.size_bytes);
}

void Segment::publish(const IndexEntry& entry) {
  const uint32_t slot = free_slot();
  IndexEntry& here = entry_at(slot);
  here = entry;
  seal(here, number_, slot);
  room_.hold(entry.offset(), entry.size_bytes());
  link(slot, entry);
  touch_page(slot / IndexPage::kEntries);
}

const IndexEntry* Segment::find(uint64_t offset) const {
  const uint32_t slot = slot_of(offset);
  return slot == kNone ? nullptr : &entry_at(slot);
}

IndexEntry Segment::retract(uint64_t offset) {
  const uint32_t slot = slot_of(offset);
  OBJ_CHECK(slot != kNone);
  uint32_t* at = &first_in_block_[block_of(offset)];
  while (*at != slot) at = &next_in_block_[*at];
  *at = next_in_block_[slot];

  IndexEntry& here = entry_at(slot);
  const IndexEntry was = here;
  here = IndexEntry{};
  static_assert(RecordLayout{} == RecordLayout{0}, "an empty entry is all zero");
  returned_slots_.push_back(slot);
  free_slots_++;
  live_bytes_ -= was.size_bytes();
  records_--;
  touch_page(slot / IndexPage::kEntries);
  return was;
}

void Segment::restore_entry(uint32_t slot, const IndexEntry& entry) {
  OBJ_CHECK(slot >= next_slot_ && slot < shape_.slot_count());
  while (next_slot_ < slot) returned_slots_.push_back(next_slot_++);
  next_slot_ = slot + 1;
  free_slots_--;
  entry_at(slot) = entry;
  room_.hold(entry.offset(), entry.size_bytes());
  link(slot, entry);
}

void Segment::touch_page(uint32_t page) {
  if (is_page_dirty_[page]) return;
  is_page_dirty_[page] = true;
  dirty_pages_.push_back(page);
}

std::vector<uint32_t> Segment::take_dirty_pages() {
  std::vector<uint32_t> pages = std::exchange(dirty_pages_, {});
  std::ranges::sort(pages);
  for (const uint32_t page : pages) is_page_dirty_[page] = false;
  return pages;
}

void Segment::fill_page(uint32_t page, uint64_t durable_sequence, std::span<std::byte> out) const {
  OBJ_CHECK(out.size() == sizeof(IndexPage));
  if (pages_[page] != nullptr) {
    std::memcpy(out.data(), pages_[page].get(), sizeof(IndexPage));
  } else {
    std::memset(out.data(), 0, sizeof(IndexPage));
  }
  IndexPageHead head{};
  std::ranges::copy(IndexPageHead::kMagic, head.magic);
  head.segment = number_;
  head.page = page;
  head.durable_sequence = durable_sequence;
  seal(head);
  std::memcpy(out.data(), &head, sizeof head);
}

SpillLedger Segment::ledger() const {
  SpillLedger ledger;
  ledger.size_bytes = shape_.segment_bytes;
  ledger.overhead_bytes = shape_.records_begin();
  ledger.live_bytes = live_bytes_;
  ledger.writing_bytes = writing_bytes_;
  ledger.free_bytes = room_.free_bytes();
  ledger.records = records_;
  ledger.dead_bytes = ledger.size_bytes - ledger.overhead_bytes - ledger.live_bytes -
                      ledger.writing_bytes - ledger.free_bytes;
  return ledger;
}

void Segment::check_invariants() const {
  room_.check_invariants();
  uint64_t live_bytes = 0;
  uint64_t records = 0;
  for_each([&](const IndexEntry& entry) {
    live_bytes += entry.size_bytes();
    records++;
    OBJ_CHECK(find(entry.offset()) == &entry);
  });
  OBJ_CHECK(live_bytes == live_bytes_);
  OBJ_CHECK(records == records_);
  const SpillLedger now = ledger();
  OBJ_CHECK(now.live_bytes + now.writing_bytes + now.free_bytes + now.overhead_bytes <=
            now.size_bytes);
}

IndexEntry& Segment::entry_at(uint32_t slot) {
  auto& page = pages_[slot / IndexPage::kEntries];
  if (page == nullptr) page = std::make_unique<IndexPage>();
  return page->entries[slot % IndexPage::kEntries];
}

const IndexEntry& Segment::entry_at(uint32_t slot) const {
  return pages_[slot / IndexPage::kEntries]->entries[slot % IndexPage::kEntries];
}

uint32_t Segment::slot_of(uint64_t offset) const {
  if (offset < shape_.records_begin() || offset >= shape_.segment_bytes) return kNone;
  uint32_t slot = first_in_block_[block_of(offset)];
  while (slot != kNone && entry_at(slot).offset() != offset) slot = next_in_block_[slot];
  return slot;
}

void Segment::link(uint32_t slot, const IndexEntry& entry) {
  uint32_t& first = first_in_block_[block_of(entry.offset())];
  next_in_block_[slot] = first;
  first = slot;
  live_bytes_ += entry.size_bytes();
  records_++;
}

uint32_t Segment::free_slot() {
  // Fresh ones first while there are any: entries of one batch then share pages.
  if (next_slot_ < shape_.slot_count()) return next_slot_++;
  OBJ_CHECK(!returned_slots_.empty());
  const uint32_t slot = returned_slots_.back();
  returned_slots_.pop_back();
  return slot;
}

}  // namespace obj
