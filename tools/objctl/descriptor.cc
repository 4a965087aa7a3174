// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/descriptor.hh"

#include <cerrno>

#include "tools/objctl/interruption.hh"

namespace objctl {
namespace {

// After a call that failed: whether to call again. A signal that nobody noted changes nothing.
bool is_worth_another_try() { return errno == EINTR && !Interruption::noted(); }

std::unexpected<Failure> failed_call(const std::string& what) {
  if (errno == EINTR) return interrupted(what);
  return system_failure(errno, what);
}

}  // namespace

Outcome<size_t> read_whole(int fd, std::span<std::byte> bytes, const std::string& what) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t taken = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (taken == 0) break;
    if (taken < 0 && is_worth_another_try()) continue;
    if (taken < 0) return failed_call(what);
    done += static_cast<size_t>(taken);
  }
  return done;
}

Outcome<void> write_whole(int fd, std::span<const std::byte> bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t given = ::write(fd, bytes.data(), bytes.size());
    if (given < 0 && is_worth_another_try()) continue;
    if (given < 0) return failed_call(what);
    bytes = bytes.subspan(static_cast<size_t>(given));
  }
  return {};
}

Outcome<void> print(std::string_view text) {
  return write_whole(STDOUT_FILENO, std::as_bytes(std::span(text)), "standard output");
}

void complain(std::string_view text) {
  const auto ignored = write_whole(STDERR_FILENO, std::as_bytes(std::span(text)), "");
  static_cast<void>(ignored);
}

}  // namespace objctl
