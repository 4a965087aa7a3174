// SPDX-License-Identifier: Apache-2.0
#include "store/populate.hh"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>
#include <vector>

namespace obj {
namespace {

// Large enough that the threads seldom meet at the counter, small enough that they end together. A
// multiple of 2 MiB; two threads may meet within one 1 GiB page, which the kernel sorts out.
constexpr size_t kSliceBytes = size_t{64} << 20;

// For kernels before 5.14. Reading and writing back keeps the content; volatile keeps the access.
void touch(std::byte* start, size_t size_bytes) {
  constexpr size_t kSmallestPage = 4096;
  for (size_t at = 0; at < size_bytes; at += kSmallestPage) {
    volatile std::byte& byte = start[at];
    byte = byte;
  }
}

// 0 or an errno.
int populate_slice(std::byte* start, size_t size_bytes) {
  while (::madvise(start, size_bytes, MADV_POPULATE_WRITE) != 0) {
    if (errno == EINVAL) {
      touch(start, size_bytes);
      return 0;
    }
    if (errno != EINTR && errno != EAGAIN) return errno;
  }
  return 0;
}

class Work {
 public:
  explicit Work(std::span<std::byte> memory) : memory_(memory) {}

  void run() {
    while (first_errno_.load() == 0) {
      const size_t start = next_.fetch_add(kSliceBytes);
      if (start >= memory_.size()) return;
      const size_t size_bytes = std::min(kSliceBytes, memory_.size() - start);
      const int failed = populate_slice(memory_.data() + start, size_bytes);
      if (failed != 0) first_errno_.store(failed);
    }
  }

  int first_errno() const { return first_errno_.load(); }

 private:
  std::span<std::byte> memory_;
  std::atomic<size_t> next_ = 0;
  std::atomic<int> first_errno_ = 0;
};

}  // namespace

Result<void> populate(std::span<std::byte> memory) {
  Work work(memory);
  {
    const size_t slices = (memory.size() + kSliceBytes - 1) / kSliceBytes;
    const size_t threads = std::min<size_t>(slices, std::thread::hardware_concurrency());
    std::vector<std::jthread> helpers;
    // This thread works too, so a machine that refuses more threads only takes longer.
    try {
      for (size_t i = 1; i < threads; i++) helpers.emplace_back([&work] { work.run(); });
    } catch (const std::system_error&) {
    }
    work.run();
  }
  const int failed = work.first_errno();
  if (failed == 0) return {};
  // EFAULT is what the kernel answers where touching the page would raise SIGBUS: no huge page
  // left.
  const bool is_memory = failed == ENOMEM || failed == EFAULT;
  return std::unexpected(Error{is_memory ? ErrorCode::kOutOfMemory : ErrorCode::kSystem, failed,
                               "madvise(MADV_POPULATE_WRITE)"});
}

}  // namespace obj
