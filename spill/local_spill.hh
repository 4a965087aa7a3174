// SPDX-License-Identifier: Apache-2.0
// spill/local_spill.hh -- the storage tier over directories: segment files, as SpillTier.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spill/disk_work.hh"
#include "spill/spill_directory.hh"
#include "spill/spill_reader.hh"
#include "spill/spill_tier.hh"
#include "spill/spill_writer.hh"
#include "spill/staging.hh"

namespace obj {

struct LocalSpillOptions {
  std::vector<SpillDirectoryOptions> directories;  // 1 to 65535; their order names the stores
  SpillWriterOptions writer;
};

// Why there is no tier: `sentence` names cause and mend, for people.
struct SpillRefusal {
  Error error;
  std::string sentence;
};

// Writes and restores are driven by step() and by completions of the disk, which come through
// events(): the reactor drains that source, and step() follows.
//
// Threads: one.
class LocalSpill : public SpillTier {
 public:
  // Opens all directories and reads their indexes; blocks. A directory that cannot be used is left
  // out and said; one that another daemon has, or none that can be used, is a refusal.
  // `arena`: where payloads and destinations lie, mostly; may be empty.
  static std::expected<std::unique_ptr<LocalSpill>, SpillRefusal> open(
      const LocalSpillOptions& options, std::unique_ptr<DiskIo> io, std::span<std::byte> arena);
  // REQUIRES: is_idle(), or close() before.
  ~LocalSpill() override;

  // What was durable before the start, in no order; each record once.
  const SpillFindings& findings() const { return findings_; }
  void forget_findings() { findings_.records = {}; }

  // REQUIRES: called before the first step().
  void set_completions(SpillCompletions& completions);
  EventSource& events() { return *io_; }
  // Once a turn of the reactor: posts what was asked for since, begins commits. Returns true if
  // there is more to do at once.
  bool step(uint64_t now_ns);
  // When step() is due without any event; base/clock.hh's kForeverNs: not.
  uint64_t due_ns() const;
  // Nothing waits or is in flight.
  bool is_idle() const;
  // Completes all that was asked for, and blocks meanwhile; then it is idle. After `deadline_ns`
  // what still waits is cancelled, and only what the kernel has is waited for; false then.
  bool close(uint64_t deadline_ns);

  void write(std::span<const WriteOrder> orders) override { writer_.write(orders); }
  void restore(std::span<const RestoreOrder> orders) override { reader_.restore(orders); }
  void remove(const SpillPlace& place) override;
  std::string url(const SpillPlace& place) const override;
  Result<SpillPlace> place(std::string_view url) const override;
  uint64_t room_bytes() const override;

  SpillStatus status() const;
  void check_invariants() const;

 private:
  using Directories = std::vector<std::unique_ptr<SpillDirectory>>;

  LocalSpill(const LocalSpillOptions& options, std::unique_ptr<DiskIo> io, Staging staging);
  void match_copies();

  LocalSpillOptions options_;
  std::unique_ptr<DiskIo> io_;
  Staging staging_;
  DiskWork work_;
  Directories directories_;  // null: could not be opened
  RecordTwins twins_;
  SpillWriter writer_;
  SpillReader reader_;
  SpillFindings findings_;
};

}  // namespace obj
