// SPDX-License-Identifier: Apache-2.0
#include "node/same_host/host_mark.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/unique_fd.hh"

namespace obj {
namespace {

constexpr const char* kBootIdFile = "/proc/sys/kernel/random/boot_id";

// "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx". False: not that.
bool parse_uuid(std::string_view text, std::array<uint8_t, 16>& bytes) {
  size_t count = 0;
  for (size_t i = 0; i + 1 < text.size() && count < bytes.size(); i += 2) {
    if (text[i] == '-') i++;
    if (i + 1 >= text.size()) return false;
    const char* const digits = text.data() + i;
    if (std::from_chars(digits, digits + 2, bytes[count++], 16).ptr != digits + 2) return false;
  }
  return count == bytes.size();
}

}  // namespace

Result<HostMark> HostMark::of_this_process() {
  HostMark mark;
  const UniqueFd file(::open(kBootIdFile, O_RDONLY | O_CLOEXEC));
  char text[64];
  const ssize_t size = file.get() < 0 ? -1 : ::read(file.get(), text, sizeof text);
  if (size < 0) return std::unexpected(Error{ErrorCode::kSystem, errno, kBootIdFile});
  if (!parse_uuid({text, static_cast<size_t>(size)}, mark.boot_id)) {
    return std::unexpected(Error{ErrorCode::kSystem, 0, kBootIdFile});
  }
  struct stat net_namespace{};
  if (::stat("/proc/self/ns/net", &net_namespace) != 0) {
    return std::unexpected(Error{ErrorCode::kSystem, errno, "stat(/proc/self/ns/net)"});
  }
  mark.net_namespace = net_namespace.st_ino;
  return mark;
}

}  // namespace obj
