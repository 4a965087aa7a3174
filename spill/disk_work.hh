// SPDX-License-Identifier: Apache-2.0
// spill/disk_work.hh -- reads and writes that end whole or fail: short ones are continued.
#pragma once

#include <cstdint>
#include <vector>

#include "spill/disk_io.hh"

namespace obj {

// Who posted. `tag` is the poster's.
class DiskTask {
 public:
  virtual ~DiskTask() = default;
  virtual void on_work_done(uint64_t tag, const Result<void>& result) = 0;
};

// Also counts what is in flight, by which its users bound themselves.
class DiskWork : public DiskCompletions {
 public:
  // REQUIRES: `io` outlives this, or has nothing in flight any more.
  explicit DiskWork(DiskIo& io) : io_(io) { io.set_completions(*this); }

  // Completes once, later. kInvalid: a read came to the end of the file.
  // REQUIRES: `task` lives until then.
  void post(DiskOrder order, DiskTask& task, uint64_t tag);
  void submit();

  uint32_t reads_in_flight() const { return reads_in_flight_; }
  uint32_t writes_in_flight() const { return writes_in_flight_; }
  uint32_t in_flight() const { return in_flight_; }

  void on_disk_done(uint64_t cookie, const Result<uint64_t>& bytes) override;

 private:
  struct Slot {
    DiskOrder order;  // what is left of it
    uint64_t tag = 0;
    DiskTask* task = nullptr;
    uint32_t generation = 0;
    uint32_t tries_without_progress = 0;
  };

  uint32_t free_slot();
  void count(DiskOrder::Kind kind, uint32_t by);
  void post_rest(uint32_t index);
  void end(uint32_t index, const Result<void>& result);

  DiskIo& io_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  uint32_t reads_in_flight_ = 0;
  uint32_t writes_in_flight_ = 0;
  uint32_t in_flight_ = 0;
  bool has_posted_ = false;
};

}  // namespace obj
