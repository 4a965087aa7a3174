// SPDX-License-Identifier: Apache-2.0
#include "spill/segment_recovery.hh"

#include <algorithm>
#include <cstring>

#include "base/check.hh"

namespace obj {
namespace {

struct Candidate {
  uint32_t slot = 0;
  IndexEntry entry;
};

// Whether a record of these sizes can lie there: nothing that follows needs to doubt it.
bool is_possible(const IndexEntry& entry, const SegmentShape& shape) {
  if (entry.offset() < shape.records_begin() || entry.size_bytes() == 0) return false;
  if (entry.offset() >= shape.segment_bytes) return false;
  if (entry.size_bytes() > shape.segment_bytes - entry.offset()) return false;
  if (entry.payload_bytes > shape.segment_bytes) {
    // Compressed payloads are never larger than a run, and others lie in the segment.
    return false;
  }
  const RecordShape raw = raw_shape(entry.payload_bytes);
  if (entry.layout != shape_of(entry.payload_bytes, entry.size_bytes()).layout) return false;
  if (entry.layout == RecordLayout::kInPlace && entry.offset() % kSpillBlock != 0) return false;
  const bool is_raw = entry.size_bytes() == raw.size_bytes();
  if (is_raw != (entry.codec == SpillCodec::kNone)) return false;
  return is_raw ||
         (entry.size_bytes() < raw.size_bytes() && entry.size_bytes() > sizeof(RecordHeader) &&
          entry.size_bytes() <= kFusedBytesMax);
}

class Reading {
 public:
  Reading(uint64_t number, const SegmentShape& shape, uint64_t file_bytes)
      : found_{.segment = Segment(number, shape)}, shape_(shape), file_bytes_(file_bytes) {}

  RecoveredSegment run(std::span<const std::byte> index) {
    for (uint32_t page = 0; page < shape_.page_count(); page++) {
      read_page(page, index.subspan(page * kSpillBlock, kSpillBlock));
    }
    drop_overlaps();
    std::ranges::sort(candidates_, {}, &Candidate::slot);
    for (const Candidate& each : candidates_) found_.segment.restore_entry(each.slot, each.entry);
    return std::move(found_);
  }

 private:
  void read_page(uint32_t number, std::span<const std::byte> bytes) {
    IndexPage page;
    std::memcpy(&page, bytes.data(), sizeof page);
    if (is_sound(page.head, found_.segment.number(), number)) {
      found_.durable_sequence = std::max(found_.durable_sequence, page.head.durable_sequence);
    } else if (!is_zero(bytes.first(sizeof page.head))) {
      found_.damaged_pages++;
      found_.segment.touch_page(number);
    }
    for (uint32_t i = 0; i < IndexPage::kEntries; i++) {
      if (is_zero(std::as_bytes(std::span(&page.entries[i], 1)))) continue;
      read_entry(number * IndexPage::kEntries + i, page.entries[i]);
    }
  }

  void read_entry(uint32_t slot, const IndexEntry& entry) {
    if (!is_sound(entry, found_.segment.number(), slot) || !is_possible(entry, shape_)) {
      found_.damaged_entries++;
      return found_.segment.touch_page(slot / IndexPage::kEntries);
    }
    found_.last_sequence = std::max(found_.last_sequence, entry.sequence);
    if (entry.offset() + entry.size_bytes() > file_bytes_) return lose(slot);
    candidates_.push_back({slot, entry});
  }

  void lose(uint32_t slot) {
    found_.lost_records++;
    found_.segment.touch_page(slot / IndexPage::kEntries);
  }

  // Two records never share bytes. Where an index says so, the later one was written over the
  // earlier.
  void drop_overlaps() {
    std::ranges::sort(candidates_, {}, [](const Candidate& each) { return each.entry.offset(); });
    std::vector<Candidate> kept;
    for (const Candidate& each : candidates_) {
      bool is_kept = true;
      while (is_kept && !kept.empty() && end_of(kept.back()) > each.entry.offset()) {
        if (kept.back().entry.sequence > each.entry.sequence) {
          lose(each.slot);
          is_kept = false;
        } else {
          lose(kept.back().slot);
          kept.pop_back();
        }
      }
      if (is_kept) kept.push_back(each);
    }
    candidates_ = std::move(kept);
  }

  static uint64_t end_of(const Candidate& each) {
    return each.entry.offset() + each.entry.size_bytes();
  }

  RecoveredSegment found_;
  SegmentShape shape_;
  uint64_t file_bytes_;
  std::vector<Candidate> candidates_;
};

}  // namespace

Result<SegmentShape> read_segment_header(uint64_t number, std::span<const std::byte> block) {
  SegmentHeader header;
  if (block.size() < sizeof header) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "segment header: file too short"});
  }
  std::memcpy(&header, block.data(), sizeof header);
  if (!is_sound(header, number)) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "segment header: damaged"});
  }
  const SegmentShape shape{header.segment_bytes, header.index_bytes};
  if (!shape.is_sound()) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "segment header: impossible sizes"});
  }
  return shape;
}

RecoveredSegment recover_segment(uint64_t number, const SegmentShape& shape, uint64_t file_bytes,
                                 std::span<const std::byte> index) {
  OBJ_CHECK(shape.is_sound() && index.size() == shape.index_bytes);
  return Reading(number, shape, file_bytes).run(index);
}

}  // namespace obj
