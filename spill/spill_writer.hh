// SPDX-License-Identifier: Apache-2.0
// spill/spill_writer.hh -- write orders on their way to room of a directory.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "spill/checksum.hh"
#include "spill/compression.hh"
#include "spill/record_twins.hh"
#include "spill/spill_directory.hh"

namespace obj {

struct SpillWriterOptions {
  uint32_t fused_objects_max = 2000;
  SpillCodec codec = SpillCodec::kNone;
  uint32_t copies = 1;  // 2: a second one in another directory, if one works and has room
};

// Packs small records into staging and writes a run of them at once; writes large ones from where
// they lie. Each goes to the directory that has least in flight. What is in flight is bounded; the
// rest waits here in order.
class SpillWriter : public DiskTask, public CommitListener {
 public:
  using Directories = std::vector<std::unique_ptr<SpillDirectory>>;  // null: not usable

  SpillWriter(const SpillWriterOptions& options, Directories& directories, DiskWork& work,
              Staging& staging, RecordTwins& twins)
      : options_(options),
        directories_(directories),
        work_(work),
        staging_(staging),
        twins_(twins) {}
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
  static constexpr uint16_t kAnyStore = UINT16_MAX;
  struct Item {
    WriteOrder order;
    uint8_t copy = 0;            // 1: the second one
    uint16_t avoid = kAnyStore;  // where the first one is
  };
  struct Failure {
    SpillCookie cookie = 0;
    uint8_t copy = 0;
    Error error{};
  };
  // An order with two copies, until both have ended.
  struct Pair {
    uint32_t pending = 1;
    std::optional<SpillPlace> places[2];
  };
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
  std::optional<Choice> choose(const Item& item, RecordLayout layout, uint64_t least_bytes,
                               uint64_t most_bytes, uint32_t records);
  // What to tell a write that no directory takes, or nothing while one may soon.
  std::optional<Error> hopeless(const Item& item, RecordLayout layout, uint64_t bytes);
  uint64_t pack(Group& group, uint32_t records);
  std::optional<uint64_t> pack_one(Group& group, const Item& item, uint64_t used);
  void want_copy(const Item& item, uint16_t store);
  void complete(SpillCookie cookie, uint8_t copy, const Result<SpillPlace>& place);
  bool is_worth_compressing(std::span<const std::byte> payload) const;
  CommitRecord record_of(const Item& item, const RecordShape& shape, SpillDirectory& to,
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
  RecordTwins& twins_;
  SpillCompletions* completions_ = nullptr;

  Compression compression_;
  std::deque<Item> small_;  // and what may be, compressed
  std::deque<Item> large_;
  std::vector<std::unique_ptr<Group>> groups_;  // being written; by tag
  std::vector<uint64_t> free_groups_;
  std::deque<uint64_t> unposted_;  // in place, with pieces left
  uint32_t groups_in_flight_ = 0;  // being written, or not durable yet
  size_t next_store_ = 0;          // who is asked first among equals
  std::vector<Failure> failed_;
  std::unordered_map<SpillCookie, Pair> pairs_;  // of orders that are to have two copies
  bool said_single_ = false;
};

}  // namespace obj
