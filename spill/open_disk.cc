// SPDX-License-Identifier: Apache-2.0
#include "spill/open_disk.hh"

#include <utility>

#include "base/log.hh"
#include "spill/thread_disk.hh"
#include "spill/uring_disk.hh"

namespace obj {
namespace {

Result<std::unique_ptr<DiskIo>> open_threads() {
  auto threads = ThreadDisk::create();
  if (!threads) return std::unexpected(threads.error());
  return std::unique_ptr<DiskIo>(std::move(*threads));
}

}  // namespace

Result<std::unique_ptr<DiskIo>> open_disk(DiskDriver driver) {
  if (driver == DiskDriver::kThreads) return open_threads();
  auto ring = UringDisk::create();
  if (ring) return std::unique_ptr<DiskIo>(std::move(*ring));
  if (driver == DiskDriver::kUring) return std::unexpected(ring.error());
  log::warn("spill_without_io_uring",
            {{"cause", ring.error()},
             {"instead", "threads that call pread and pwrite: more CPU time for the same bytes"},
             {"mend", "sysctl kernel.io_uring_disabled=0, or a seccomp profile that allows it"}});
  return open_threads();
}

}  // namespace obj
