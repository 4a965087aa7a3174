// SPDX-License-Identifier: Apache-2.0
// spill/spill_reader.hh -- restore orders on their way from the disk into the arena.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "spill/checksum.hh"
#include "spill/compression.hh"
#include "spill/record_check.hh"
#include "spill/record_twins.hh"
#include "spill/spill_directory.hh"

namespace obj {

// Reads in the order of the disk, as an elevator: up through what waits, then again from the start.
// Small records come through staging, neighbours in one read; large ones straight to where they
// belong. What is in flight is bounded; the rest waits here.
class SpillReader : public DiskTask {
 public:
  using Directories = std::vector<std::unique_ptr<SpillDirectory>>;  // null: not usable

  SpillReader(Directories& directories, DiskWork& work, Staging& staging, const RecordTwins& twins)
      : directories_(directories), work_(work), staging_(staging), twins_(twins) {}
  ~SpillReader() override;

  void set_completions(SpillCompletions& completions) { completions_ = &completions; }
  void restore(std::span<const RestoreOrder> orders);
  // Posts what there is room for. True if there is more to do at once.
  bool step();
  // What is not begun ends with kCancelled.
  void cancel_waiting();
  size_t waiting() const { return waiting_.size(); }
  bool is_idle() const {
    return waiting_.empty() && ended_.empty() && reads_.size() == free_.size();
  }

  void on_work_done(uint64_t tag, const Result<void>& result) override;

 private:
  using Position = std::tuple<uint16_t, SegmentNumber, uint64_t>;
  struct Job {
    RestoreOrder order;
    bool is_alone = false;   // a read of several failed: this time each by itself
    bool is_second = false;  // the first copy failed
  };
  using Waiting = std::multimap<Position, Job>;
  // One record in place, or a run of packed ones.
  struct Read {
    uint16_t store = 0;
    DiskFile file = 0;
    uint64_t begin = 0;  // of what is staged, in the segment
    std::span<std::byte> staged;
    std::vector<Job> jobs;
    uint32_t pending = 0;
    bool is_posted = false;
    std::optional<Error> error;
    // In place:
    bool is_in_place = false;
    RecordShape shape;
    uint64_t next_piece = 0;
    PieceSums sums{0};
  };
  struct Ended {
    Job job;
    Result<void> result;
  };

  bool post_next();
  Result<DiskFile> admit(const RestoreOrder& order);
  bool start_packed(Waiting::iterator first, DiskFile file);
  bool start_in_place(Waiting::iterator at, DiskFile file);
  void post_pieces(uint64_t index);
  void post_read(uint64_t tag, const Read& read, uint64_t offset, std::span<std::byte> memory);
  void take(Waiting::iterator at, Read& read);
  uint64_t add(std::unique_ptr<Read> read);
  void end(uint64_t index);
  void end_packed(Read& read);
  Result<void> unpack(const Read& read, const RestoreOrder& order);
  Result<void> finish_in_place(Read& read) const;
  void tell(const Job& job, const Result<void>& result);
  void wait(const Job& job);

  // Fixed after construction.
  Directories& directories_;
  DiskWork& work_;
  Staging& staging_;
  const RecordTwins& twins_;
  SpillCompletions* completions_ = nullptr;

  Compression compression_;
  Waiting waiting_;
  Position next_{};  // where the elevator is
  std::vector<std::unique_ptr<Read>> reads_;
  std::vector<uint64_t> free_;
  std::optional<uint64_t> unposted_;  // in place, with pieces left
  std::vector<Ended> ended_;          // to be told at the next step
};

}  // namespace obj
