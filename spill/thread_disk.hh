// SPDX-License-Identifier: Apache-2.0
// spill/thread_disk.hh -- DiskIo where io_uring is not to be had: threads that call pread and
// pwrite.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.hh"
#include "spill/disk_io.hh"
#include "spill/posix_files.hh"

namespace obj {

// Threads: one posts and hears of completions; `kThreads` of its own do the calls. The mutex guards
// the two queues alone, and is never held across a call of the system.
class ThreadDisk : public DiskIo {
 public:
  static constexpr size_t kThreads = 8;

  // kSystem: no eventfd.
  static Result<std::unique_ptr<ThreadDisk>> create();
  // Waits for what is in flight.
  ~ThreadDisk() override;
  ThreadDisk(const ThreadDisk&) = delete;
  ThreadDisk& operator=(const ThreadDisk&) = delete;

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

  void post(const DiskOrder& order) override { posted_.push_back({order, files_.fd(order.file)}); }
  void submit() override;
  void register_memory(std::span<const std::span<std::byte>>) override {}
  const char* name() const override { return "threads"; }
  void set_completions(DiskCompletions& completions) override { completions_ = &completions; }

 private:
  struct Task {
    DiskOrder order;
    int fd = -1;  // looked up by the poster: the table of files is its alone
  };
  struct Done {
    uint64_t cookie = 0;
    Result<uint64_t> bytes;
  };

  explicit ThreadDisk(UniqueFd bell);
  void work();

  // The poster's.
  PosixFiles files_;
  std::vector<Task> posted_;
  std::vector<Done> taken_;  // of done_, being told
  size_t told_ = 0;
  DiskCompletions* completions_ = nullptr;

  // Shared, under the mutex.
  std::mutex mutex_;
  std::condition_variable has_tasks_;
  std::deque<Task> tasks_;
  std::vector<Done> done_;
  bool is_armed_ = false;
  bool is_ending_ = false;

  UniqueFd bell_;  // an eventfd; rung for the first completion after arm()
  std::vector<std::thread> threads_;
};

}  // namespace obj
