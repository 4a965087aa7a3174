// SPDX-License-Identifier: Apache-2.0
#include "store/system_memory.hh"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

namespace obj {
namespace {

// What the memory controller of one cgroup version calls its files.
struct Controller {
  const char* mount;
  const char* limit;
  const char* usage;
  const char* inactive;  // in memory.stat: page cache that the kernel would drop first
};
constexpr Controller kVersion1{"/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                               "memory.usage_in_bytes", "total_inactive_file"};
constexpr Controller kVersion2{"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"};
// Where both versions are mounted, version 2 moves here (systemd's "hybrid" layout).
constexpr Controller kVersion2Hybrid{"/sys/fs/cgroup/unified", "memory.max", "memory.current",
                                     "inactive_file"};

// Takes the part up to `separator` off the front of `text`, and the separator.
std::string_view take_part(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

bool lists_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    if (take_part(controllers, ',') == "memory") return true;
  }
  return false;
}

// Our path in /proc/self/cgroup, which has lines "4:cpu,memory:/a/b" and, for version 2, "0::/a/b".
std::optional<std::string> path_in(std::string_view membership, bool is_version_2) {
  while (!membership.empty()) {
    std::string_view path = take_part(membership, '\n');
    take_part(path, ':');
    const std::string_view controllers = take_part(path, ':');
    if (is_version_2 ? controllers.empty() : lists_memory(controllers)) return std::string(path);
  }
  return std::nullopt;
}

// A limit holds for all below it, so look at every ancestor too. In a container the upper part of
// the path may not exist under the mount, and the mount itself is then our own cgroup.
void apply_limits(const SystemFiles& files, const Controller& controller, std::string path,
                  SystemMemory& memory) {
  while (true) {
    if (path.ends_with('/')) path.pop_back();
    const std::string folder = controller.mount + path + "/";
    const auto limit = files.read_number(folder + controller.limit);
    if (limit && *limit < memory.usable_bytes) memory.usable_bytes = *limit;
    if (limit) {
      const std::string stat = files.read(folder + "memory.stat").value_or("");
      const uint64_t used = files.read_number(folder + controller.usage).value_or(0);
      const uint64_t held =
          used - std::min(number_after(stat, controller.inactive).value_or(0), used);
      const uint64_t available = *limit - std::min(held, *limit);
      if (available < memory.available_bytes) {
        memory.available_bytes = available;
        memory.bottleneck = folder + controller.limit;
      }
    }
    if (path.empty()) return;
    path.resize(path.rfind('/') == path.npos ? 0 : path.rfind('/'));
  }
}

}  // namespace

Result<SystemMemory> SystemMemory::read(const SystemFiles& files) {
  constexpr uint64_t kKiB = 1024;
  const auto meminfo = files.read("/proc/meminfo");
  if (!meminfo) return std::unexpected(Error{ErrorCode::kSystem, errno, "read(/proc/meminfo)"});
  const auto total = number_after(*meminfo, "MemTotal");
  const auto available = number_after(*meminfo, "MemAvailable");
  if (!total || !available) return std::unexpected(Error{ErrorCode::kSystem, 0, "/proc/meminfo"});

  SystemMemory memory{*total * kKiB, *available * kKiB, "MemAvailable"};
  const std::string membership = files.read("/proc/self/cgroup").value_or("");
  for (const auto& [controller, is_version_2] :
       {std::pair{kVersion1, false}, {kVersion2, true}, {kVersion2Hybrid, true}}) {
    const auto path = path_in(membership, is_version_2);
    if (path) apply_limits(files, controller, *path, memory);
  }
  return memory;
}

}  // namespace obj
