// SPDX-License-Identifier: Apache-2.0
// spill/spill_directory.hh -- one directory of segment files: room, commits, removals, its health.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "spill/disk_work.hh"
#include "spill/segment_name.hh"
#include "spill/segment_set.hh"
#include "spill/spill_status.hh"
#include "spill/spill_tier.hh"
#include "spill/staging.hh"

namespace obj {

struct SpillDirectoryOptions {
  std::string path;        // absolute
  bool is_shared = false;  // other nodes read, and have segments of their own, here
  uint32_t owner = 0;      // of the segments; 0 unless shared
  uint64_t segment_bytes = uint64_t{256} << 20;
  uint64_t capacity_bytes = UINT64_MAX;  // of all its segments
  double capacity_threshold = 0.95;      // of the file system, whoever uses it
};

// Records that were written together, and what became of them.
struct CommitRecord {
  SpillCookie cookie = 0;
  IndexEntry entry{};
};
struct CommitGroup {
  SpillExtent extent;
  std::vector<CommitRecord> records;
};

// Hears of each group once.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void on_committed(uint16_t store, const CommitGroup& group,
                            const Result<void>& result) = 0;
};

// What a start found, of all directories.
struct SpillFindings {
  std::vector<FoundRecord> records;
  std::vector<FoundRecord> second_copies;  // of records of other directories, maybe
  uint64_t damaged_entries = 0;
  uint64_t lost_records = 0;
  uint64_t damaged_segments = 0;
  uint64_t unfinished_records = 0;  // never acknowledged; their room is free
};

// The writes of records are others' work (local_spill.hh); this gives out the room for them, and
// makes what was written durable: index pages, then one sync of each file, one commit at a time,
// with all that was written since the last one began. docs/spill_format.md says why in that order.
//
// After an error it is left alone for a while, which grows from 1 s to 1 min, and then tried again.
class SpillDirectory : public DiskTask {
 public:
  // Reads the indexes, and of records that were never acknowledged, perhaps, the bytes. Blocks.
  // kExists: another daemon has it.
  static Result<std::unique_ptr<SpillDirectory>> open(const SpillDirectoryOptions& options,
                                                      uint16_t store, DiskIo& io, DiskWork& work,
                                                      Staging& staging, CommitListener& listener,
                                                      SpillFindings& findings);
  ~SpillDirectory() override;

  const SpillDirectoryOptions& options() const { return options_; }

  // Room for a group. Nothing: see want_room().
  std::optional<SpillExtent> reserve(RecordLayout layout, uint64_t least_bytes, uint64_t most_bytes,
                                     uint32_t records);
  // Of the records that it was reserved for, so many did not fit.
  void return_slots(const SpillExtent& extent, uint32_t records) {
    segments_.find(extent.segment)->return_slots(records);
  }
  // Nothing of it was written, nor will be. REQUIRES: its slots were returned.
  void release(const SpillExtent& extent);
  enum class Hope : uint8_t { kSoon, kNever };
  // Makes room if that can be: by the removals that are not durable yet, or by another segment.
  Hope want_room(RecordLayout layout, uint64_t bytes);
  uint64_t open_sequence() { return sequences_.open(); }
  // The group's bytes are with the disk: it is part of the next commit.
  void written(CommitGroup group);
  // Writing failed.
  void abandon(const CommitGroup& group, const Error& error);

  const IndexEntry* find(SegmentNumber segment, uint64_t offset);
  // False: no such record.
  bool remove(SegmentNumber segment, uint64_t offset);
  // For reads. kNotFound: no such segment.
  Result<DiskFile> file_for_read(SegmentNumber segment);
  DiskFile file_of(SegmentNumber segment) const { return files_.at(segment); }
  bool is_own(SegmentNumber segment) const { return owner_of(segment) == options_.owner; }
  // Reads of own segments keep the bytes in place. REQUIRES: find() found a record there.
  void pin(SegmentNumber segment, uint64_t offset, uint64_t size_bytes);
  void unpin(SegmentNumber segment, uint64_t offset, uint64_t size_bytes);

  bool is_working() const { return !failure_ || now_ns_ >= retry_ns_; }
  const std::optional<Error>& failure() const { return failure_; }
  void on_restored(const Result<void>& result, uint64_t size_bytes);

  // Begins and continues commits.
  void step(uint64_t now_ns);
  // When step() is due without any event.
  uint64_t due_ns() const;
  // Nothing written, removed or begun is waiting any more.
  bool is_idle() const;
  // What waits is committed at once from now on, and the last commit is marked as durable.
  void hurry() { is_hurried_ = true; }

  uint64_t bytes_in_flight() const { return writing_bytes_; }
  uint64_t room_bytes() const;
  SpillLedger ledger() const { return segments_.ledger(); }
  SpillDirectoryStatus status() const;
  void check_invariants() const { segments_.check_invariants(); }

  void on_work_done(uint64_t tag, const Result<void>& result) override;

 private:
  // A record whose entry was cleared in memory.
  struct Removal {
    SegmentNumber segment = 0;
    uint64_t offset = 0;
    uint64_t size_bytes = 0;
    uint64_t sequence_to_close = 0;  // 0: none
  };
  struct DirtyPage {
    SegmentNumber segment = 0;
    uint32_t page = 0;
  };
  enum class Phase : uint8_t { kNone, kIndex, kSync };
  struct Commit {
    Phase phase = Phase::kNone;
    std::vector<CommitGroup> groups;
    std::vector<Removal> removals;
    std::vector<SegmentNumber> new_segments;
    std::vector<DirtyPage> pages;
    size_t next_page = 0;
    size_t next_header = 0;
    uint64_t promised = 0;  // the durable sequence in its pages
    uint32_t pending = 0;
    std::vector<std::span<std::byte>> staged;  // by tag
    std::optional<Error> error;
  };
  // In tags of works: what completed.
  static constexpr uint64_t kGrown = UINT64_MAX;
  static constexpr uint64_t kSynced = UINT64_MAX - 1;
  static constexpr uint64_t kPunches = uint64_t{1} << 32;
  static constexpr uint64_t kPunchedFirst = uint64_t{1} << 62;  // and kPunches of them

  SpillDirectory(const SpillDirectoryOptions& options, uint16_t store, DiskIo& io, DiskWork& work,
                 Staging& staging, CommitListener& listener);

  // Starts (spill_directory_open.cc).
  class Opening;

  // Growth.
  uint64_t growth_bytes(RecordLayout layout, uint64_t record_bytes) const;
  uint64_t free_for_growth() const;
  Result<void> begin_growth(RecordLayout layout, uint64_t segment_bytes);
  void on_grown(const Result<void>& result);

  // Commits (spill_directory_commit.cc).
  bool is_commit_due() const;
  bool is_mark_wanted() const;
  void begin_commit();
  void post_commit();
  bool post_header(SegmentNumber segment);
  bool post_pages();
  void post_syncs();
  void on_commit_work(uint64_t tag, const Result<void>& result);
  void end_commit();
  void succeed(Commit& commit);
  void fail(Commit& commit);
  void stage_write(SegmentNumber segment, uint64_t offset, std::span<std::byte> memory);

  // The file system (spill_directory_punch.cc).
  uint64_t guard(const DiskRoom& room) const;
  void look_at_file_system();
  void post_punch(DiskOrder::Kind kind, const SpillExtent& extent);
  void on_punched(uint64_t number, const Result<void>& result);

  void give_up(const CommitGroup& group, const Error& error);
  void break_off(const Error& error);
  void recover_health();

  // Fixed after construction.
  SpillDirectoryOptions options_;
  uint16_t store_;
  DiskIo& io_;
  DiskWork& work_;
  Staging& staging_;
  CommitListener& listener_;
  DiskFile directory_ = 0;

  SegmentSet segments_;
  std::map<SegmentNumber, DiskFile> files_;  // foreign ones as well
  SequenceLine sequences_{1};
  uint32_t next_number_ = 1;

  std::vector<CommitGroup> written_;  // for the next commit
  uint64_t written_bytes_ = 0;
  uint64_t written_since_ns_ = 0;
  std::vector<Removal> removals_;  // for the next commit
  uint64_t removals_since_ns_ = 0;
  std::vector<SegmentNumber> new_segments_;  // without a header yet
  uint32_t groups_writing_ = 0;
  uint64_t writing_bytes_ = 0;  // of groups that are not durable yet
  Commit commit_;
  bool wants_room_ = false;
  bool is_hurried_ = false;
  uint64_t promised_ = 0;  // the durable sequence that the disk knows
  uint64_t committed_ns_ = 0;

  struct Growth {
    Segment segment;
    DiskFile file;
  };
  std::optional<Growth> growth_;
  struct Punch {
    SpillExtent extent;
    DiskOrder::Kind kind = DiskOrder::Kind::kPunch;
  };
  std::map<uint64_t, Punch> punching_;  // in flight
  uint64_t next_punch_ = 0;
  std::vector<SpillExtent> punched_;  // free, and without blocks of the file system behind it
  uint64_t punched_bytes_ = 0;
  uint64_t look_again_ns_ = 0;
  bool cannot_punch_ = false;
  uint64_t grow_again_ns_ = 0;  // after the disk was found full
  bool said_full_ = false;

  std::optional<Error> failure_;
  uint64_t retry_ns_ = 0;
  uint64_t backoff_ns_ = 0;
  uint64_t now_ns_ = 0;
  SpillCounts counts_;
};

}  // namespace obj
