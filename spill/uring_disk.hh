// SPDX-License-Identifier: Apache-2.0
// spill/uring_disk.hh -- DiskIo over io_uring.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.hh"
#include "spill/disk_io.hh"
#include "spill/posix_files.hh"

namespace obj {

// One ring, with SINGLE_ISSUER and DEFER_TASKRUN where the kernel knows them: the kernel's own work
// for a completion is then done inside progress(), not in an interrupt of this thread. Files are
// registered; so is memory that was named to register_memory(), in slices, since the kernel takes
// at most 1 GiB in one.
//
// Threads: the one that posts first.
class UringDisk : public DiskIo {
 public:
  // kSystem (ENOSYS, EPERM: io_uring is not there or forbidden), kOutOfMemory.
  static Result<std::unique_ptr<UringDisk>> create();
  ~UringDisk() override;
  UringDisk(const UringDisk&) = delete;
  UringDisk& operator=(const UringDisk&) = delete;

  // As more than RLIMIT_MEMLOCK allows it is not registered, and that is said loudly.
  void register_memory(std::span<const std::span<std::byte>> memory) override;
  bool is_memory_registered() const { return !slices_.empty(); }
  const char* name() const override { return "io_uring"; }

  int fd() const override { return bell_.get(); }
  uint32_t progress(uint32_t events_max) override;
  bool arm() override;

  Result<DiskFile> open_directory(const std::string& path) override;
  Result<DiskFile> lock(DiskFile directory, const std::string& name) override;
  Result<std::vector<std::string>> list(DiskFile directory) override;
  Result<DiskFile> open_file(DiskFile directory, const std::string& name, Open how) override;
  Result<uint64_t> file_bytes(DiskFile file) override;
  bool is_linked(DiskFile file) override;
  Result<void> remove_file(DiskFile directory, const std::string& name) override;
  Result<DiskRoom> room(DiskFile directory) override;
  void close_file(DiskFile file) override;
  Result<uint64_t> run_now(const DiskOrder& order) override;

  void post(const DiskOrder& order) override;
  void submit() override;
  void set_completions(DiskCompletions& completions) override { completions_ = &completions; }

 private:
  static constexpr uint32_t kEntries = 256;
  static constexpr uint32_t kCompletionsMax = 1024;
  static constexpr uint32_t kFilesMax = 4096;

  UringDisk() = default;
  bool try_post(uint32_t slot);
  void prepare(io_uring_sqe& sqe, const DiskOrder& order) const;
  // The registered buffer that holds all of it, or -1.
  int buffer_of(const DiskOrder& order) const;
  void enable();
  void register_file(DiskFile file, int fd);
  Result<DiskFile> registered(Result<DiskFile> file);
  void complete(uint32_t slot, int32_t result);

  io_uring ring_{};
  // Rung by the kernel for each completion, also for those whose work it left to this thread. The
  // ring's own descriptor is silent about the latter (Linux 6.18).
  UniqueFd bell_{-1};
  bool is_enabled_ = false;
  std::vector<bool> is_file_registered_;  // of the first files
  uint32_t in_flight_ = 0;
  std::vector<std::span<std::byte>> slices_;
  std::vector<DiskOrder> slots_;  // what is in flight; user_data is the index
  std::vector<uint32_t> free_slots_;
  std::vector<uint32_t> waiting_;  // slots for which the ring had no entry left
  DiskCompletions* completions_ = nullptr;
  PosixFiles files_;
};

}  // namespace obj
