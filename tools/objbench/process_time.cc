// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/process_time.hh"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace objbench {

Outcome<uint64_t> run_time_ns(pid_t pid) {
  uint64_t total_ns = 0;
  std::error_code error;
  const std::string threads = fmt::format("/proc/{}/task", pid);
  for (const auto& thread : std::filesystem::directory_iterator(threads, error)) {
    uint64_t thread_ns = 0;
    std::ifstream file(thread.path() / "schedstat");
    if (!(file >> thread_ns)) {
      return std::unexpected("this kernel does not tell run times (/proc/PID/schedstat)");
    }
    total_ns += thread_ns;
  }
  if (error) return std::unexpected(threads + ": " + error.message());
  return total_ns;
}

}  // namespace objbench
