// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/gathering.hh"

#include <fmt/format.h>
#include <linux/io_uring.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tools/objctl/descriptor.hh"
#include "tools/objctl/tcp_attempt.hh"

namespace objctl {
namespace {

namespace fs = std::filesystem;

constexpr int kConnectMs = 2000;
constexpr uint32_t kCapIpcLock = 14;  // CAP_IPC_LOCK, a bit of CapEff in /proc/PID/status
constexpr uint64_t kDefaultArenaPercent = 30;

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string first_word(const fs::path& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

uint64_t number_in(const fs::path& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  file >> number;
  return file ? number : 0;
}

void gather_memory(MachineFacts& facts) {
  const std::string text = content_of("/proc/meminfo");
  facts.memory_bytes = number_after(text, "MemTotal:").value_or(0) << 10;
  facts.available_bytes = number_after(text, "MemAvailable:").value_or(0) << 10;
  const fs::path pool = "/sys/kernel/mm/hugepages/hugepages-2048kB";
  facts.huge_pages_free = number_in(pool / "free_hugepages");
  facts.huge_pages_overcommit = number_in(pool / "nr_overcommit_hugepages");
  facts.shmem_enabled =
      chosen_word(content_of("/sys/kernel/mm/transparent_hugepage/shmem_enabled"));
  struct statvfs shm = {};
  if (::statvfs("/dev/shm", &shm) == 0) facts.shm_free_bytes = shm.f_bavail * shm.f_frsize;
}

void gather_locking(std::optional<pid_t> daemon, MachineFacts& facts) {
  const std::string process = daemon ? std::to_string(*daemon) : "self";
  const std::string status = content_of(fs::path("/proc") / process / "status");
  const uint64_t capabilities = number_after(status, "CapEff:", 16).value_or(0);
  facts.may_lock_all = (capabilities >> kCapIpcLock & 1) != 0;
  rlimit limit = {};
  // Another user's objd does not show its limits; ours are then the best guess.
  if (::prlimit(daemon.value_or(0), RLIMIT_MEMLOCK, nullptr, &limit) != 0) {
    ::getrlimit(RLIMIT_MEMLOCK, &limit);
  }
  if (limit.rlim_cur != RLIM_INFINITY) facts.memlock_bytes = limit.rlim_cur;
}

// "ACTIVE" of "4: ACTIVE".
std::string port_state(const fs::path& port) {
  std::string text = content_of(port / "state");
  text.erase(0, std::min(text.find(' ') + 1, text.size()));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? "unknown" : text;
}

void gather_rdma(MachineFacts& facts) {
  std::error_code none;
  for (const auto& device : fs::directory_iterator("/sys/class/infiniband", none)) {
    std::error_code ignored;
    for (const auto& port : fs::directory_iterator(device.path() / "ports", ignored)) {
      const std::string number = port.path().filename();
      facts.rdma_ports.push_back({device.path().filename(),
                                  static_cast<uint32_t>(std::strtoul(number.c_str(), nullptr, 10)),
                                  port_state(port.path())});
    }
  }
}

void gather_io_uring(MachineFacts& facts) {
  const std::string disabled = first_word("/proc/sys/kernel/io_uring_disabled");
  facts.io_uring_disabled = disabled.empty() ? 0 : std::atoi(disabled.c_str());
  io_uring_params params = {};
  const Descriptor ring(static_cast<int>(::syscall(SYS_io_uring_setup, 1, &params)));
  facts.io_uring_errno = ring.is_open() ? 0 : errno;
}

// What `ucx_info -d` prints; nothing if there is no such program.
std::optional<std::string> ucx_info_text() {
  struct Close {
    void operator()(FILE* pipe) const { ::pclose(pipe); }
  };
  const std::unique_ptr<FILE, Close> pipe(::popen("ucx_info -d 2>/dev/null", "re"));
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  char part[4096];
  while (const size_t size = std::fread(part, 1, sizeof part, pipe.get())) text.append(part, size);
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

std::vector<std::string> transports_in(std::string_view ucx_info_text) {
  constexpr std::string_view kLabel = "Transport:";
  std::vector<std::string> transports;
  for (size_t at = ucx_info_text.find(kLabel); at != std::string_view::npos;
       at = ucx_info_text.find(kLabel, at + 1)) {
    std::string_view rest = ucx_info_text.substr(at + kLabel.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string name(rest.substr(0, rest.find_first_of(" \n")));
    if (std::ranges::find(transports, name) == transports.end()) transports.push_back(name);
  }
  return transports;
}

std::string chosen_word(std::string_view text) {
  const size_t open = text.find('[');
  const size_t close = text.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return "";
  return std::string(text.substr(open + 1, close - open - 1));
}

std::optional<uint64_t> number_after(std::string_view text, std::string_view key, int base) {
  size_t at = text.starts_with(key) ? 0 : text.find(std::string("\n").append(key));
  if (at == std::string_view::npos) return std::nullopt;
  if (at != 0) at++;
  at = text.find_first_not_of(" \t", at + key.size());
  if (at == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const auto [rest, error] =
      std::from_chars(text.data() + at, text.data() + text.size(), number, base);
  if (error != std::errc{}) return std::nullopt;
  return number;
}

void gather_machine(std::optional<pid_t> daemon, MachineFacts& facts) {
  gather_memory(facts);
  gather_locking(daemon, facts);
  gather_rdma(facts);
  gather_io_uring(facts);
  if (const auto text = ucx_info_text()) facts.ucx_transports = transports_in(*text);
}

void gather_daemon(const Json& status, MachineFacts& facts) {
  const Json& arena = field(status, "arena");
  facts.arena_bytes = as_count(field(arena, "capacity_bytes")).value_or(0);
  if (field(arena, "pages").is_string()) facts.arena_pages = as_text(field(arena, "pages"));
  const Json& cluster = field(status, "cluster");
  facts.is_alone = !cluster.is_object();
  if (facts.is_alone) return;
  const auto text = [&cluster](const char* key) {
    return field(cluster, key).is_string() ? as_text(field(cluster, key)) : std::string();
  };
  facts.transport_in_use = text("transport");
  facts.directory_connected = as_flag(field(cluster, "directory_connected"));
  facts.listen = attempt_connect(text("address"), kConnectMs);
  facts.directory = attempt_connect(text("directory"), kConnectMs);
}

void gather_plan(const DoctorOptions& options, MachineFacts& facts) {
  if (options.memory_bytes) facts.arena_bytes = *options.memory_bytes;
  if (facts.daemon_absent.empty()) return;
  if (!options.memory_bytes) {
    facts.arena_bytes = facts.memory_bytes / 100 * kDefaultArenaPercent;
  }
  facts.is_alone = options.listen.empty();
  facts.listen = attempt_bind(options.listen);
  facts.directory = attempt_connect(options.directory, kConnectMs);
}

}  // namespace objctl
