// SPDX-License-Identifier: Apache-2.0
#include "spill/thread_disk.hh"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace obj {

Result<std::unique_ptr<ThreadDisk>> ThreadDisk::create() {
  UniqueFd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (bell.get() < 0) return std::unexpected(Error{ErrorCode::kSystem, errno, "eventfd"});
  return std::unique_ptr<ThreadDisk>(new ThreadDisk(std::move(bell)));
}

ThreadDisk::ThreadDisk(UniqueFd bell) : bell_(std::move(bell)) {
  for (size_t i = 0; i < kThreads; i++) threads_.emplace_back([this] { work(); });
}

ThreadDisk::~ThreadDisk() {
  submit();
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  has_tasks_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadDisk::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    has_tasks_.wait(lock, [this] { return !tasks_.empty() || is_ending_; });
    if (tasks_.empty()) return;
    const Task task = tasks_.front();
    tasks_.pop_front();
    lock.unlock();
    const Result<uint64_t> bytes = run_disk_call(task.fd, task.order);
    lock.lock();
    done_.push_back({task.order.cookie, bytes});
    if (!std::exchange(is_armed_, false)) continue;
    const uint64_t ring = 1;
    // Cannot block or fail: the counter is far from its end.
    (void)!::write(bell_.get(), &ring, sizeof ring);
  }
}

void ThreadDisk::submit() {
  if (posted_.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    tasks_.insert(tasks_.end(), posted_.begin(), posted_.end());
  }
  posted_.clear();
  has_tasks_.notify_all();
}

uint32_t ThreadDisk::progress(uint32_t events_max) {
  if (told_ == taken_.size()) {
    taken_.clear();
    told_ = 0;
    const std::lock_guard lock(mutex_);
    std::swap(taken_, done_);
  }
  uint32_t count = 0;
  while (told_ < taken_.size() && count < events_max) {
    const Done done = taken_[told_++];
    count++;
    completions_->on_disk_done(done.cookie, done.bytes);
  }
  return count;
}

bool ThreadDisk::arm() {
  uint64_t rings = 0;
  (void)!::read(bell_.get(), &rings, sizeof rings);
  const std::lock_guard lock(mutex_);
  is_armed_ = told_ == taken_.size() && done_.empty();
  return is_armed_;
}

Result<DiskFile> ThreadDisk::open_directory(const std::string& path) {
  return files_.open_directory(path);
}
Result<DiskFile> ThreadDisk::lock(DiskFile directory, const std::string& name) {
  return files_.lock(directory, name);
}
Result<std::vector<std::string>> ThreadDisk::list(DiskFile directory) {
  return files_.list(directory);
}
Result<DiskFile> ThreadDisk::open_file(DiskFile directory, const std::string& name, Open how) {
  return files_.open_file(directory, name, how);
}
Result<uint64_t> ThreadDisk::file_bytes(DiskFile file) { return files_.file_bytes(file); }
bool ThreadDisk::is_linked(DiskFile file) { return files_.is_linked(file); }
Result<void> ThreadDisk::remove_file(DiskFile directory, const std::string& name) {
  return files_.remove_file(directory, name);
}
Result<DiskRoom> ThreadDisk::room(DiskFile directory) { return files_.room(directory); }
void ThreadDisk::close_file(DiskFile file) { files_.close_file(file); }
Result<uint64_t> ThreadDisk::run_now(const DiskOrder& order) { return files_.run_now(order); }

}  // namespace obj
