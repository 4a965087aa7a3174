// SPDX-License-Identifier: Apache-2.0
// spill/open_disk.hh -- the best DiskIo that this machine allows.
#pragma once

#include <memory>

#include "spill/disk_io.hh"

namespace obj {

enum class DiskDriver : uint8_t { kAuto, kUring, kThreads };

// kAuto: io_uring, or threads with a loud line that names the mend. kUring: that or an error.
Result<std::unique_ptr<DiskIo>> open_disk(DiskDriver driver);

}  // namespace obj
