// SPDX-License-Identifier: Apache-2.0
// spill/spill_writer.hh -- write orders on their way to room of a directory.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "spill/checksum.hh"
#include "spill/compression.hh"
#include "spill/spill_directory.hh"

namespace obj {

struct SpillWriterOptions {
  uint32_t fused_objects_max = 2000;
  SpillCodec codec = SpillCodec::kNone;
};

// Packs small records into staging and writes a run of them at once; writes large ones from where
// they lie. Each goes to the directory that has least in flight. What is in flight is bounded; the
// rest waits here in order.
class SpillWriter : public DiskTask, public CommitListener {
 public:
  using Directories = std::vector<std::unique_ptr<SpillDirectory>>;  // null: not usable

  SpillWriter(const SpillWriterOptions& options, Directories& directories, DiskWork& work,
              Staging& staging)
      : options_(options), directories_(directories), work_(work), staging_(staging) {}
  ~SpillWriter() override;

  void set_completions(SpillCompletions& completions) { completions_ = &completions; }
  void write(std::span<const WriteOrder> orders);
  // Posts what there is room for. True if there is more to do at once.
  bool step();
  // What is not begun ends with kCancelled.
  void cancel_waiting();
  size_t waiting() const { return small_.size() + large_.size(); }
  bool is_idle() const { return waiting() == 0 && groups_in_flight_ == 0 && failed_.empty(); }

  void on_work_done(uint64_t tag, const Result<void>& result) override;
  void on_committed(uint16_t store, const CommitGroup& group, const Result<void>& result) override;

 private:
  struct Group {
    CommitGroup commit;
    uint16_t store = 0;
    std::span<std::byte> staged;  // packed records, or the head of one in place
    uint32_t pending = 0;
    bool is_posted = false;  // all of it
    std::optional<Error> error;
    // In place:
    std::span<const std::byte> payload;
    RecordShape shape;
    RecordHeader header{};
    uint64_t next_piece = 0;
    PieceSums sums{0};
  };
  struct Choice {
    uint16_t store = 0;
    SpillExtent extent;
  };

  bool start_packed();
  bool start_in_place();
  std::optional<Choice> choose(RecordLayout layout, uint64_t least_bytes, uint64_t most_bytes,
                               uint32_t records);
  // What to tell a write that no directory takes, or nothing while one may soon.
  std::optional<Error> hopeless(RecordLayout layout, uint64_t bytes);
  uint64_t pack(Group& group, uint32_t records);
  std::optional<uint64_t> pack_one(Group& group, const WriteOrder& order, uint64_t used);
  bool is_worth_compressing(std::span<const std::byte> payload) const;
  CommitRecord record_of(const WriteOrder& order, const RecordShape& shape, SpillDirectory& to,
                         uint64_t offset) const;
  bool post_pieces();
  void post_next_piece(uint64_t index, Group& group);
  void post_head(uint64_t index, Group& group);
  void post_write(uint64_t index, Group& group, uint64_t offset, const std::byte* memory,
                  uint64_t size_bytes);
  uint64_t add(std::unique_ptr<Group> group);
  void end(uint64_t index);

  // Fixed after construction.
  SpillWriterOptions options_;
  Directories& directories_;
  DiskWork& work_;
  Staging& staging_;
  SpillCompletions* completions_ = nullptr;

  Compression compression_;
  std::deque<WriteOrder> small_;  // and what may be, compressed
  std::deque<WriteOrder> large_;
  std::vector<std::unique_ptr<Group>> groups_;  // being written; by tag
  std::vector<uint64_t> free_groups_;
  std::deque<uint64_t> unposted_;  // in place, with pieces left
  uint32_t groups_in_flight_ = 0;  // being written, or not durable yet
  size_t next_store_ = 0;          // who is asked first among equals
  std::vector<std::pair<SpillCookie, Error>> failed_;
};

}  // namespace obj
