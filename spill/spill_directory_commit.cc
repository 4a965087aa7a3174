// SPDX-License-Identifier: Apache-2.0
// How what was written becomes durable, all or nothing of a commit: pages of the index, then syncs.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "base/check.hh"
#include "base/clock.hh"
#include "spill/spill_directory.hh"

namespace obj {
namespace {

// A commit waits for writes in flight, so that they share its sync, but not longer or for more.
constexpr uint64_t kCommitBytes = uint64_t{64} << 20;
constexpr uint64_t kCommitNs = 20'000'000;
// Removals wait for a commit of writes, which costs them nothing, up to:
constexpr uint64_t kRemovalNs = 100'000'000;
constexpr size_t kRemovalsMax = 4096;
constexpr uint64_t kMarkNs = 1'000'000'000;
constexpr uint64_t kPageRunBytesMax = uint64_t{256} << 10;

}  // namespace

bool SpillDirectory::is_commit_due() const {
  if (!is_working()) return false;
  if (!written_.empty() && (groups_writing_ == 0 || written_bytes_ >= kCommitBytes ||
                            now_ns_ - written_since_ns_ >= kCommitNs)) {
    return true;
  }
  if (!removals_.empty() && (wants_room_ || is_hurried_ || removals_.size() >= kRemovalsMax ||
                             now_ns_ - removals_since_ns_ >= kRemovalNs)) {
    return true;
  }
  return is_mark_wanted() && (is_hurried_ || now_ns_ - committed_ns_ >= kMarkNs);
}

// The next start reads what no page calls durable, and believes it only if it is whole. So that it
// need not, a quiet directory commits once more.
bool SpillDirectory::is_mark_wanted() const {
  return groups_writing_ == 0 && written_.empty() && removals_.empty() &&
         promised_ < sequences_.durable();
}

uint64_t SpillDirectory::due_ns() const {
  if (commit_.phase != Phase::kNone) return kForeverNs;
  uint64_t due_ns = kForeverNs;
  if (!written_.empty()) due_ns = std::min(due_ns, written_since_ns_ + kCommitNs);
  if (!removals_.empty()) due_ns = std::min(due_ns, removals_since_ns_ + kRemovalNs);
  if (is_mark_wanted()) due_ns = committed_ns_ + kMarkNs;
  return failure_ && due_ns != kForeverNs ? std::max(due_ns, retry_ns_) : due_ns;
}

bool SpillDirectory::is_idle() const {
  return commit_.phase == Phase::kNone && !growth_ && punching_.empty() && groups_writing_ == 0 &&
         written_.empty() && (failure_ || (removals_.empty() && !is_commit_due()));
}

void SpillDirectory::begin_commit() {
  commit_ = Commit{};
  commit_.phase = Phase::kIndex;
  commit_.groups = std::exchange(written_, {});
  commit_.removals = std::exchange(removals_, {});
  commit_.new_segments = std::exchange(new_segments_, {});
  commit_.promised = sequences_.durable();
  written_bytes_ = 0;
  wants_room_ = false;
  counts_.commits++;

  for (const CommitGroup& group : commit_.groups) {
    Segment* const segment = segments_.find(group.extent.segment);
    for (const CommitRecord& each : group.records) segment->publish(each.entry);
    segment->finish(group.extent.run, 0);
  }
  const bool has_nothing = commit_.groups.empty() && commit_.removals.empty();
  if (has_nothing && segments_.count() > 0) segments_.begin()->second.touch_page(0);
  for (auto& [number, segment] : segments_) {
    for (const uint32_t page : segment.take_dirty_pages()) commit_.pages.push_back({number, page});
  }
  post_commit();
}

void SpillDirectory::post_commit() {
  if (commit_.phase != Phase::kIndex) return;
  while (!commit_.error && commit_.next_header < commit_.new_segments.size()) {
    if (!post_header(commit_.new_segments[commit_.next_header])) return;
    commit_.next_header++;
  }
  while (!commit_.error && commit_.next_page < commit_.pages.size()) {
    if (!post_pages()) return;  // no staging: somebody's I/O gives some back
  }
  if (commit_.pending > 0) return;
  if (commit_.error) return end_commit();
  post_syncs();
}

bool SpillDirectory::post_header(SegmentNumber number) {
  const auto memory = staging_.take(kSpillBlock);
  if (memory.empty()) return false;
  const SegmentHeader header = segments_.find(number)->header();
  std::memset(memory.data(), 0, memory.size());
  std::memcpy(memory.data(), &header, sizeof header);
  stage_write(number, 0, memory);
  return true;
}

// Neighbours go in one write.
bool SpillDirectory::post_pages() {
  const DirtyPage first = commit_.pages[commit_.next_page];
  size_t count = 1;
  while (count < kPageRunBytesMax / kSpillBlock &&
         commit_.next_page + count < commit_.pages.size()) {
    const DirtyPage& next = commit_.pages[commit_.next_page + count];
    if (next.segment != first.segment || next.page != first.page + count) break;
    count++;
  }
  const auto memory = staging_.take(count * kSpillBlock);
  if (memory.empty()) return false;
  const Segment* const segment = segments_.find(first.segment);
  for (size_t i = 0; i < count; i++) {
    segment->fill_page(first.page + static_cast<uint32_t>(i), commit_.promised,
                       memory.subspan(i * kSpillBlock, kSpillBlock));
  }
  stage_write(first.segment, kSpillBlock + first.page * kSpillBlock, memory);
  commit_.next_page += count;
  return true;
}

void SpillDirectory::stage_write(SegmentNumber segment, uint64_t offset,
                                 std::span<std::byte> memory) {
  DiskOrder order{.kind = DiskOrder::Kind::kWrite, .file = files_.at(segment)};
  order.offset = offset;
  order.size_bytes = memory.size();
  order.memory = memory.data();
  commit_.staged.push_back(memory);
  commit_.pending++;
  work_.post(order, *this, commit_.staged.size() - 1);
}

void SpillDirectory::post_syncs() {
  commit_.phase = Phase::kSync;
  std::set<DiskFile> files;
  for (const CommitGroup& group : commit_.groups) files.insert(files_.at(group.extent.segment));
  for (const DirtyPage& page : commit_.pages) files.insert(files_.at(page.segment));
  for (const SegmentNumber number : commit_.new_segments) files.insert(files_.at(number));
  if (!commit_.new_segments.empty()) files.insert(directory_);
  commit_.pending = static_cast<uint32_t>(files.size());
  if (files.empty()) return end_commit();
  for (const DiskFile file : files) {
    work_.post({.kind = DiskOrder::Kind::kSync, .file = file}, *this, kSynced);
    // A sync of what was removed succeeds, and keeps nothing.
    if (!io_.is_linked(file)) {
      commit_.error = Error{ErrorCode::kSystem, ENOENT, "spill directory or segment: removed"};
    }
  }
}

void SpillDirectory::on_commit_work(uint64_t tag, const Result<void>& result) {
  if (tag != kSynced) staging_.give_back(commit_.staged[tag]);
  if (!result && !commit_.error) commit_.error = result.error();
  commit_.pending--;
  if (commit_.phase == Phase::kIndex) return post_commit();
  if (commit_.pending == 0) end_commit();
}

void SpillDirectory::end_commit() {
  // What is told to the listener may begin new work, but no commit: only step() does.
  Commit commit = std::exchange(commit_, {});
  commit.error ? fail(commit) : succeed(commit);
}

void SpillDirectory::succeed(Commit& commit) {
  promised_ = commit.promised;
  committed_ns_ = now_ns_;
  for (const Removal& each : commit.removals) {
    segments_.find(each.segment)->settle(each.offset, each.size_bytes);
    if (each.sequence_to_close > 0) sequences_.close(each.sequence_to_close);
  }
  for (const CommitGroup& group : commit.groups) {
    writing_bytes_ -= group.extent.run.size_bytes;
    for (const CommitRecord& each : group.records) {
      sequences_.close(each.entry.sequence);
      counts_.records_written++;
      counts_.bytes_written += each.entry.size_bytes();
    }
  }
  recover_health();
  for (const CommitGroup& group : commit.groups) listener_.on_committed(store_, group, {});
}

// The disk may have some of the pages: the entries are cleared again, and their room is kept until
// that is durable.
void SpillDirectory::fail(Commit& commit) {
  counts_.write_errors++;
  if (removals_.empty()) removals_since_ns_ = now_ns_;
  removals_.insert(removals_.end(), commit.removals.begin(), commit.removals.end());
  new_segments_.insert(new_segments_.end(), commit.new_segments.begin(), commit.new_segments.end());
  for (const DirtyPage& page : commit.pages) segments_.find(page.segment)->touch_page(page.page);
  for (const CommitGroup& group : commit.groups) {
    writing_bytes_ -= group.extent.run.size_bytes;
    for (const CommitRecord& each : group.records) {
      const IndexEntry& entry = each.entry;
      segments_.find(group.extent.segment)->retract(entry.offset());
      removals_.push_back(
          {group.extent.segment, entry.offset(), entry.size_bytes(), entry.sequence});
    }
  }
  const Error error = *commit.error;
  break_off(error);
  for (const CommitGroup& group : commit.groups) {
    listener_.on_committed(store_, group, std::unexpected(error));
  }
}

}  // namespace obj
