// SPDX-License-Identifier: Apache-2.0
#include "spill/spill_directory.hh"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.hh"
#include "base/clock.hh"
#include "base/log.hh"

namespace obj {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kBackoffNsMax = 60 * kSecondNs;
// Of a file system that is nearly full, no smaller pieces are taken.
constexpr uint64_t kSegmentBytesMin = uint64_t{16} << 20;

uint64_t bytes_a_record(RecordLayout layout) {
  return layout == RecordLayout::kPacked ? SegmentSet::kDenseBytesARecord
                                         : SegmentSet::kSparseBytesARecord;
}

}  // namespace

SpillDirectory::SpillDirectory(const SpillDirectoryOptions& options, uint16_t store, DiskIo& io,
                               DiskWork& work, Staging& staging, CommitListener& listener)
    : options_(options),
      store_(store),
      io_(io),
      work_(work),
      staging_(staging),
      listener_(listener) {}

SpillDirectory::~SpillDirectory() {
  OBJ_CHECK(commit_.phase == Phase::kNone && !growth_ && groups_writing_ == 0 && punching_.empty());
}

std::optional<SpillExtent> SpillDirectory::reserve(RecordLayout layout, uint64_t least_bytes,
                                                   uint64_t most_bytes, uint32_t records) {
  if (!is_working()) return std::nullopt;
  const auto extent = segments_.reserve(layout, least_bytes, most_bytes, records);
  if (extent) {
    groups_writing_++;
    writing_bytes_ += extent->run.size_bytes;
  }
  return extent;
}

void SpillDirectory::release(const SpillExtent& extent) {
  groups_writing_--;
  writing_bytes_ -= extent.run.size_bytes;
  segments_.find(extent.segment)->finish(extent.run, 0);
}

SpillDirectory::Hope SpillDirectory::want_room(RecordLayout layout, uint64_t bytes) {
  if (!is_working()) return Hope::kNever;
  if (growth_) return Hope::kSoon;
  if (!removals_.empty() || !commit_.removals.empty()) {
    wants_room_ = true;
    return Hope::kSoon;
  }
  const uint64_t segment_bytes = growth_bytes(layout, bytes);
  if (segment_bytes == 0) {
    if (!std::exchange(said_full_, true)) {
      log::warn("spill_directory_full", {{"directory", options_.path},
                                         {"bytes", ledger().size_bytes},
                                         {"threshold", options_.capacity_threshold}});
    }
    return Hope::kNever;
  }
  const auto begun = begin_growth(layout, segment_bytes);
  if (!begun) break_off(begun.error());
  return begun ? Hope::kSoon : Hope::kNever;
}

void SpillDirectory::written(CommitGroup group) {
  groups_writing_--;
  if (!is_working()) return give_up(group, *failure_);
  if (written_.empty()) written_since_ns_ = now_ns_;
  written_bytes_ += group.extent.run.size_bytes;
  written_.push_back(std::move(group));
}

void SpillDirectory::abandon(const CommitGroup& group, const Error& error) {
  groups_writing_--;
  counts_.write_errors++;
  give_up(group, error);
  break_off(error);
}

// Nothing of the group is in any index.
void SpillDirectory::give_up(const CommitGroup& group, const Error& error) {
  writing_bytes_ -= group.extent.run.size_bytes;
  Segment* const segment = segments_.find(group.extent.segment);
  segment->finish(group.extent.run, static_cast<uint32_t>(group.records.size()));
  for (const CommitRecord& each : group.records) sequences_.close(each.entry.sequence);
  listener_.on_committed(store_, group, std::unexpected(error));
}

const IndexEntry* SpillDirectory::find(SegmentNumber number, uint64_t offset) {
  const Segment* const segment = segments_.find(number);
  return segment == nullptr ? nullptr : segment->find(offset);
}

bool SpillDirectory::remove(SegmentNumber number, uint64_t offset) {
  Segment* const segment = segments_.find(number);
  if (segment == nullptr || segment->find(offset) == nullptr) return false;
  const IndexEntry was = segment->retract(offset);
  if (removals_.empty()) removals_since_ns_ = now_ns_;
  removals_.push_back({number, was.offset(), was.size_bytes(), 0});
  counts_.records_removed++;
  return true;
}

Result<DiskFile> SpillDirectory::file_for_read(SegmentNumber segment) {
  const auto known = files_.find(segment);
  if (known != files_.end()) return known->second;
  if (is_own(segment) || !options_.is_shared) {
    return std::unexpected(Error{ErrorCode::kNotFound, 0, "no such segment"});
  }
  auto file = io_.open_file(directory_, segment_name(segment), DiskIo::Open::kReadOnly);
  if (!file && file.error().system_errno == ENOENT) {
    return std::unexpected(Error{ErrorCode::kNotFound, ENOENT, "no such segment"});
  }
  if (file) files_.emplace(segment, *file);
  return file;
}

void SpillDirectory::pin(SegmentNumber segment, uint64_t offset, uint64_t size_bytes) {
  segments_.find(segment)->pin(offset, size_bytes);
}

void SpillDirectory::unpin(SegmentNumber segment, uint64_t offset, uint64_t size_bytes) {
  segments_.find(segment)->unpin(offset, size_bytes);
}

void SpillDirectory::on_restored(const Result<void>& result, uint64_t size_bytes) {
  if (result) {
    counts_.records_restored++;
    counts_.bytes_restored += size_bytes;
  } else if (result.error().code == ErrorCode::kInvalid) {
    if (counts_.damaged_records++ == 0) {
      log::error("spill_record_damaged", {{"directory", options_.path}, {"cause", result.error()}});
    }
  } else if (result.error().code != ErrorCode::kNotFound && counts_.read_errors++ == 0) {
    log::error("spill_read_failed", {{"directory", options_.path}, {"cause", result.error()}});
  }
}

void SpillDirectory::step(uint64_t now_ns) {
  now_ns_ = now_ns;
  look_at_file_system();
  if (commit_.phase != Phase::kNone) {
    post_commit();
  } else if (is_commit_due()) {
    begin_commit();
  }
}

uint64_t SpillDirectory::room_bytes() const {
  if (!is_working()) return 0;
  return segments_.ledger().free_bytes + free_for_growth();
}

SpillDirectoryStatus SpillDirectory::status() const {
  SpillDirectoryStatus status;
  status.path = options_.path;
  status.is_shared = options_.is_shared;
  status.is_working = is_working();
  if (failure_) {
    status.failure = std::string(to_string(failure_->code)) + " in " + failure_->where;
  }
  status.segments = segments_.count();
  status.ledger = ledger();
  status.room_bytes = room_bytes();
  status.queued_bytes = writing_bytes_;
  status.punched_bytes = punched_bytes_;
  status.counts = counts_;
  return status;
}

// ---- growth

// So much of the file system stays free.
uint64_t SpillDirectory::guard(const DiskRoom& room) const {
  return static_cast<uint64_t>((1.0 - options_.capacity_threshold) *
                               static_cast<double>(room.total_bytes));
}

uint64_t SpillDirectory::free_for_growth() const {
  if (now_ns_ < grow_again_ns_) return 0;
  const auto room = io_.room(directory_);
  if (!room) return 0;
  const uint64_t reserve_bytes = guard(*room);
  const uint64_t size_bytes = segments_.ledger().size_bytes;
  const uint64_t within_guard =
      room->available_bytes > reserve_bytes ? room->available_bytes - reserve_bytes : 0;
  const uint64_t within_capacity =
      options_.capacity_bytes > size_bytes ? options_.capacity_bytes - size_bytes : 0;
  return std::min(within_guard, within_capacity);
}

// 0: no segment that holds such a record.
uint64_t SpillDirectory::growth_bytes(RecordLayout layout, uint64_t record_bytes) const {
  // The index takes a small part; twice of what it needs for itself is surely enough.
  const uint64_t needed =
      round_up(record_bytes + 4 * kSpillBlock +
                   record_bytes / bytes_a_record(layout) * 2 * sizeof(IndexEntry),
               kSpillBlock);
  const uint64_t wanted = std::max(options_.segment_bytes, needed);
  const uint64_t least = std::max(needed, std::min(options_.segment_bytes, kSegmentBytesMin));
  const uint64_t possible = std::min(wanted, free_for_growth()) / kSpillBlock * kSpillBlock;
  return possible < least ? 0 : possible;
}

Result<void> SpillDirectory::begin_growth(RecordLayout layout, uint64_t segment_bytes) {
  const SegmentShape shape = SegmentShape::with(segment_bytes, bytes_a_record(layout));
  if (!shape.is_sound()) {
    return std::unexpected(Error{ErrorCode::kTooLarge, 0, "segment of that size"});
  }
  const SegmentNumber number = uint64_t{options_.owner} << 32 | next_number_++;
  const auto file = io_.open_file(directory_, segment_name(number), DiskIo::Open::kCreate);
  if (!file) return std::unexpected(file.error());
  growth_.emplace(Growth{Segment(number, shape), *file});
  DiskOrder order{.kind = DiskOrder::Kind::kAllocate, .file = *file};
  order.size_bytes = segment_bytes;
  work_.post(order, *this, kGrown);
  return {};
}

void SpillDirectory::on_grown(const Result<void>& result) {
  Growth growth = std::move(*growth_);
  growth_.reset();
  const SegmentNumber number = growth.segment.number();
  if (result) {
    said_full_ = false;
    files_.emplace(number, growth.file);
    segments_.add(std::move(growth.segment));
    return new_segments_.push_back(number);
  }
  io_.close_file(growth.file);
  // If the file stays, a later start finds it without a header and removes it then.
  (void)io_.remove_file(directory_, segment_name(number));
  if (result.error().code != ErrorCode::kLimit) return break_off(result.error());
  grow_again_ns_ = now_ns_ + kSecondNs;
}

// ---- health

void SpillDirectory::break_off(const Error& error) {
  if (error.code == ErrorCode::kLimit) {
    grow_again_ns_ = now_ns_ + kSecondNs;
    return;
  }
  if (!failure_) {
    log::error("spill_directory_failed",
               {{"directory", options_.path},
                {"cause", error},
                {"then", "nothing new is spilled there for a while, then it is tried again"}});
  }
  failure_ = error;
  backoff_ns_ = std::clamp(backoff_ns_ * 2, kSecondNs, kBackoffNsMax);
  retry_ns_ = now_ns_ + backoff_ns_;
  // What was written waits for a commit that does not come.
  for (const CommitGroup& group : std::exchange(written_, {})) give_up(group, error);
  written_bytes_ = 0;
}

void SpillDirectory::recover_health() {
  if (!failure_) return;
  failure_.reset();
  backoff_ns_ = 0;
  log::info("spill_directory_works_again", {{"directory", options_.path}});
}

void SpillDirectory::on_work_done(uint64_t tag, const Result<void>& result) {
  if (tag == kGrown) return on_grown(result);
  if (tag >= kPunchedFirst && tag < kPunchedFirst + kPunches) {
    return on_punched(tag - kPunchedFirst, result);
  }
  on_commit_work(tag, result);
}

}  // namespace obj
