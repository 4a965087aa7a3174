// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/machine.hh"

#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "tools/objbench/build_kind.hh"

namespace objbench {
namespace {

// The first line of a file of /proc or /sys; "unknown" where there is none.
std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) ? line : "unknown";
}

// What follows `key` and a colon in a file of such lines.
std::string field(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    const size_t start = line.find_first_not_of(" \t", colon + 1);
    if (colon != std::string::npos && start != std::string::npos) return line.substr(start);
  }
  return "unknown";
}

uint64_t memory_bytes(const char* key) {
  uint64_t kibibytes = 0;
  std::istringstream(field("/proc/meminfo", key)) >> kibibytes;
  return kibibytes << 10;
}

// The word in brackets of "always [madvise] never".
std::string chosen(const char* path) {
  const std::string line = first_line(path);
  const size_t open = line.find('[');
  const size_t close = line.find(']');
  return open < close && close != std::string::npos ? line.substr(open + 1, close - open - 1)
                                                    : line;
}

// How many others wanted a core in the last minute, and what that means for the numbers.
std::string load() {
  const std::string line = first_line("/proc/loadavg");
  double average = 0;
  std::istringstream(line) >> average;
  return fmt::format(
      "{:.2f} in the last minute{}", average,
      average > 1 ? ": others use this machine, figures will be worse than it is" : "");
}

// Cores that this process may run on, which a container or taskset may have cut down.
int usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  return ::sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 0;
}

std::string kernel() {
  utsname name{};
  ::uname(&name);
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

std::string gibibytes(uint64_t size_bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(size_bytes) / (1u << 30));
}

std::string page_settings() {
  const std::string settings = "/sys/kernel/mm/transparent_hugepage/";
  return fmt::format(
      "transparent {}, shared memory {}, hugetlb pool {}, overcommit {}",
      chosen((settings + "enabled").c_str()), chosen((settings + "shmem_enabled").c_str()),
      first_line("/proc/sys/vm/nr_hugepages"), first_line("/proc/sys/vm/nr_overcommit_hugepages"));
}

std::vector<std::pair<const char*, std::string>> facts(const std::string& objd) {
  return {{"cpu", field("/proc/cpuinfo", "model name")},
          {"cores", std::to_string(usable_cores())},
          {"memory", gibibytes(memory_bytes("MemTotal")) + ", " +
                         gibibytes(available_memory_bytes()) + " available"},
          {"kernel", kernel()},
          {"pages", page_settings()},
          {"load", load()},
          {"build", build_text()},
          {"objd", objd}};
}

}  // namespace

uint64_t available_memory_bytes() { return memory_bytes("MemAvailable"); }

std::string machine_text(const std::string& objd) {
  std::string text;
  for (const auto& [name, value] : facts(objd)) text += fmt::format("{:<8} {}\n", name, value);
  return text;
}

}  // namespace objbench
