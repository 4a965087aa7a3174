// SPDX-License-Identifier: Apache-2.0
// What a start does with a directory: lock it, read its indexes, and settle what was under way when
// the last daemon ended. Blocks.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.hh"
#include "base/log.hh"
#include "spill/aligned_buffer.hh"
#include "spill/checksum.hh"
#include "spill/record_check.hh"
#include "spill/segment_recovery.hh"
#include "spill/spill_directory.hh"

namespace obj {

class SpillDirectory::Opening {
 public:
  Opening(SpillDirectory& directory, SpillFindings& findings)
      : to_(directory), io_(directory.io_), findings_(findings) {}

  Result<void> run() {
    OBJ_TRY(to_.directory_, io_.open_directory(to_.options_.path));
    const auto locked = io_.lock(to_.directory_, lock_name(to_.options_.owner));
    if (!locked) return std::unexpected(locked.error());
    OBJ_TRY(std::vector<std::string> names, io_.list(to_.directory_));
    std::ranges::sort(names);
    for (const std::string& name : names) {
      const auto number = segment_number(name);
      if (!number || !to_.is_own(*number)) continue;
      to_.next_number_ = std::max(to_.next_number_, static_cast<uint32_t>(*number) + 1);
      open_segment(*number, name);
    }
    settle();
    report();
    return {};
  }

 private:
  void open_segment(SegmentNumber number, const std::string& name) {
    const auto file = io_.open_file(to_.directory_, name, DiskIo::Open::kReadWrite);
    if (!file) return skip(name, file.error());
    const auto read = read_segment(number, name, *file);
    if (read) return;
    io_.close_file(*file);
    // Made, and never used: its header is part of its first commit.
    if (read.error().code == ErrorCode::kNotFound) {
      (void)io_.remove_file(to_.directory_, name);
    } else {
      skip(name, read.error());
    }
  }

  void skip(const std::string& name, const Error& error) {
    findings_.damaged_segments++;
    log::error("spill_segment_skipped",
               {{"directory", to_.options_.path},
                {"segment", name},
                {"cause", error},
                {"then",
                 "its records are lost unless the cause is mended before the next start; "
                 "remove the file to have its room back"}});
  }

  Result<void> read_segment(SegmentNumber number, const std::string& name, DiskFile file) {
    OBJ_TRY(const uint64_t file_bytes, io_.file_bytes(file));
    AlignedBuffer first(kSpillBlock);
    OBJ_TRY(const uint64_t header_bytes, read(file, 0, first.bytes()));
    if (is_zero(first.bytes().first(header_bytes))) {
      return std::unexpected(Error{ErrorCode::kNotFound, 0, "segment header: never written"});
    }
    OBJ_TRY(const SegmentShape shape,
            read_segment_header(number, first.bytes().first(header_bytes)));
    AlignedBuffer index(shape.index_bytes);
    OBJ_TRY(const uint64_t index_bytes, read(file, kSpillBlock, index.bytes()));
    if (index_bytes < shape.index_bytes) {
      return std::unexpected(Error{ErrorCode::kInvalid, 0, "segment index: the file ends"});
    }
    RecoveredSegment found = recover_segment(number, shape, file_bytes, index.bytes());
    if (file_bytes < shape.segment_bytes) {
      DiskOrder order{.kind = DiskOrder::Kind::kAllocate, .file = file};
      order.size_bytes = shape.segment_bytes;
      (void)io_.run_now(order);  // else the writes will say so
    }
    take(name, std::move(found));
    to_.files_.emplace(number, file);
    return {};
  }

  void take(const std::string& name, RecoveredSegment found) {
    findings_.damaged_entries += found.damaged_entries;
    findings_.lost_records += found.lost_records;
    if (found.damaged_entries + found.lost_records + found.damaged_pages > 0) {
      log::error("spill_index_damaged", {{"directory", to_.options_.path},
                                         {"segment", name},
                                         {"damaged_entries", found.damaged_entries},
                                         {"damaged_pages", found.damaged_pages},
                                         {"lost_records", found.lost_records}});
    }
    durable_ = std::max(durable_, found.durable_sequence);
    last_ = std::max(last_, found.last_sequence);
    to_.segments_.add(std::move(found.segment));
  }

  // Records that the last commits may not have completed: believed if all their bytes are there.
  // Then pages and bytes are made durable, since what was read may have been in a cache only.
  void settle() {
    for (auto& [number, segment] : to_.segments_) {
      std::vector<IndexEntry> doubtful;
      segment.for_each([&](const IndexEntry& entry) {
        if (entry.sequence > durable_) doubtful.push_back(entry);
      });
      std::vector<Removal> gone;
      for (const IndexEntry& entry : doubtful) {
        if (is_whole(to_.files_.at(number), expected(number, entry))) continue;
        segment.retract(entry.offset());
        gone.push_back({number, entry.offset(), entry.size_bytes(), 0});
      }
      findings_.unfinished_records += gone.size();
      if (doubtful.empty() && !segment.is_dirty()) continue;
      if (make_durable(segment)) {
        for (const Removal& each : gone) segment.settle(each.offset, each.size_bytes);
      } else {
        // A later commit does it; until then the room is kept.
        to_.removals_.insert(to_.removals_.end(), gone.begin(), gone.end());
      }
    }
    to_.sequences_ = SequenceLine(std::max(durable_, last_) + 1);
    to_.promised_ = durable_;
  }

  bool make_durable(Segment& segment) {
    const DiskFile file = to_.files_.at(segment.number());
    const std::vector<uint32_t> pages = segment.take_dirty_pages();
    const bool is_done =
        std::ranges::all_of(pages,
                            [&](uint32_t page) { return write_page(segment, file, page); }) &&
        io_.run_now({.kind = DiskOrder::Kind::kSync, .file = file});
    if (is_done) return true;
    for (const uint32_t page : pages) segment.touch_page(page);
    log::error("spill_index_not_written",
               {{"directory", to_.options_.path}, {"segment", segment_name(segment.number())}});
    return false;
  }

  bool write_page(const Segment& segment, DiskFile file, uint32_t page) {
    AlignedBuffer bytes(kSpillBlock);
    segment.fill_page(page, durable_, bytes.bytes());
    DiskOrder order{.kind = DiskOrder::Kind::kWrite, .file = file};
    order.offset = kSpillBlock + page * kSpillBlock;
    order.size_bytes = kSpillBlock;
    order.memory = bytes.bytes().data();
    const auto written = io_.run_now(order);
    return written && *written == kSpillBlock;
  }

  bool is_whole(DiskFile file, const ExpectedRecord& record) {
    const RecordShape shape = shape_of(record.payload_bytes, record.size_bytes);
    const uint64_t begin = record.offset / kSpillBlock * kSpillBlock;
    const uint64_t end = round_up(record.offset + shape.head_bytes, kSpillBlock);
    AlignedBuffer head(end - begin);
    const auto head_read = read(file, begin, head.bytes());
    if (!head_read || *head_read < head.bytes().size()) return false;
    const auto bytes = head.bytes().subspan(record.offset - begin, shape.head_bytes);
    if (shape.layout == RecordLayout::kPacked) return check_packed(bytes, record).has_value();
    const auto header = check_header(bytes, record);
    return header && sum_in_place(file, record, shape, bytes) == header->payload_checksum;
  }

  // 0 if it cannot be read, which no sum is (but one in 2^64).
  uint64_t sum_in_place(DiskFile file, const ExpectedRecord& record, const RecordShape& shape,
                        std::span<const std::byte> head) {
    const uint64_t pieces = (shape.body_bytes + kPieceBytes - 1) / kPieceBytes;
    PieceSums sums(pieces + 1);
    AlignedBuffer buffer(std::min(kPieceBytes, shape.body_bytes));
    for (uint64_t i = 0; i < pieces; i++) {
      const uint64_t at = i * kPieceBytes;
      const auto piece = buffer.bytes().first(std::min(kPieceBytes, shape.body_bytes - at));
      const auto done = read(file, record.offset + shape.head_bytes + at, piece);
      if (!done || *done < piece.size()) return 0;
      sums.set(i, spill_checksum(piece));
    }
    sums.set(pieces, spill_checksum(head.subspan(sizeof(RecordHeader), shape.tail_bytes)));
    return sums.total();
  }

  // Up to the end of the file; the rest of `memory` is zero then.
  Result<uint64_t> read(DiskFile file, uint64_t offset, std::span<std::byte> memory) {
    uint64_t done = 0;
    while (done < memory.size()) {
      DiskOrder order{.kind = DiskOrder::Kind::kRead, .file = file};
      order.offset = offset + done;
      order.size_bytes = memory.size() - done;
      order.memory = memory.data() + done;
      OBJ_TRY(const uint64_t now, io_.run_now(order));
      done += now;
      // Direct I/O goes on at blocks only; a part of one is the end of the file.
      if (now == 0 || done % kSpillBlock != 0) break;
    }
    std::memset(memory.data() + done, 0, memory.size() - done);
    return done;
  }

  void report() {
    uint64_t records = 0;
    for (auto& [number, segment] : to_.segments_) {
      segment.for_each([&, segment_number = number](const IndexEntry& entry) {
        records++;
        auto& found = entry.copy == 0 ? findings_.records : findings_.second_copies;
        found.push_back(
            {entry.what(), {to_.store_, segment_number, entry.offset(), entry.size_bytes()}});
      });
    }
    log::info("spill_directory_open", {{"directory", to_.options_.path},
                                       {"segments", to_.segments_.count()},
                                       {"records", records},
                                       {"live_bytes", to_.ledger().live_bytes}});
  }

  SpillDirectory& to_;
  DiskIo& io_;
  SpillFindings& findings_;
  uint64_t durable_ = 0;
  uint64_t last_ = 0;
};

Result<std::unique_ptr<SpillDirectory>> SpillDirectory::open(const SpillDirectoryOptions& options,
                                                             uint16_t store, DiskIo& io,
                                                             DiskWork& work, Staging& staging,
                                                             CommitListener& listener,
                                                             SpillFindings& findings) {
  std::unique_ptr<SpillDirectory> directory(
      new SpillDirectory(options, store, io, work, staging, listener));
  const auto opened = Opening(*directory, findings).run();
  if (!opened) return std::unexpected(opened.error());
  return directory;
}

}  // namespace obj
