// SPDX-License-Identifier: Apache-2.0
// spill/spill_status.hh -- what operators are told of the storage tier.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spill/segment_set.hh"

namespace obj {

// Since the start. Rates are their differences.
struct SpillCounts {
  uint64_t records_written = 0;  // durable ones
  uint64_t bytes_written = 0;
  uint64_t records_removed = 0;
  uint64_t commits = 0;
  uint64_t commit_ns = 0;  // from the first page to the end of the sync
  uint64_t write_errors = 0;
  uint64_t records_restored = 0;
  uint64_t bytes_restored = 0;
  uint64_t read_errors = 0;
  uint64_t damaged_records = 0;  // found at restores
};

struct SpillDirectoryStatus {
  std::string path;
  bool is_shared = false;
  bool is_working = true;
  std::string failure;  // why it is left out; empty: it is not
  uint64_t segments = 0;
  SpillLedger ledger;
  uint64_t room_bytes = 0;
  uint64_t queued_bytes = 0;   // being written, or not durable yet
  uint64_t punched_bytes = 0;  // in the ledger as being written: lent to the file system
  SpillCounts counts;
};

struct SpillStatus {
  std::string driver;  // "io_uring" or "threads"
  std::vector<SpillDirectoryStatus> directories;
  uint64_t waiting_writes = 0;
  uint64_t waiting_restores = 0;
  uint64_t reads_in_flight = 0;
  uint64_t writes_in_flight = 0;
};

}  // namespace obj
