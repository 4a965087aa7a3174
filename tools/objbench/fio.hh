// SPDX-License-Identifier: Apache-2.0
// tools/objbench/fio.hh -- yardstick: what fio gets out of the file system that is spilled to.
#pragma once

#include <cstdint>
#include <string>

#include "tools/objbench/outcome.hh"

namespace objbench {

struct FioSpec {
  std::string directory;  // on the file system in question
  std::string mode;       // as --rw takes it: "write", "read", "randread"
  uint64_t block_bytes = 1 << 20;
  uint32_t depth = 16;
  uint64_t file_bytes = uint64_t{1} << 30;
  uint64_t moved_bytes = uint64_t{1} << 30;
};

struct FioResult {
  double bytes_per_second = 0;
  double operations_per_second = 0;
  std::string version;  // "fio-3.33"
  std::string memory;   // what its buffers are made of
};

// io_uring and O_DIRECT, with registered buffers, on a file of `directory` that was written before;
// what it writes is durable in the end. Huge pages decide how fast O_DIRECT is, so fio gets its
// buffers on those where there are free ones, and on its own pages, and the better counts. The file
// stays for the next run.
//
// Fails, with the package to install, where the program is not there.
Outcome<FioResult> run_fio(const FioSpec& spec);

}  // namespace objbench
