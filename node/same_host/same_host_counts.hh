// SPDX-License-Identifier: Apache-2.0
// node/same_host/same_host_counts.hh -- what people are shown of daemons on this host.
#pragma once

#include <cstddef>
#include <cstdint>

namespace obj {

struct SameHostCounts {
  size_t neighbours = 0;    // whose memory we read
  size_t readers = 0;       // who read ours
  uint64_t read_bytes = 0;  // that we copied, of reads that were good
};

}  // namespace obj
