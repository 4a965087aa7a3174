// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/readiness.hh"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/clock.hh"

namespace objbench {

Outcome<Readiness> Readiness::create(const std::string& directory) {
  std::string path = directory + "/notify.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return std::unexpected("the temporary directory's path is too long for a socket: " + path);
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  obj::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return system_failure("socket");
  ::unlink(path.c_str());
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return system_failure("bind " + path);
  }
  return Readiness(std::move(path), std::move(socket));
}

bool Readiness::take_ready() const {
  char message[1024];
  const ssize_t size = ::recv(socket_.get(), message, sizeof message, 0);
  const std::string_view text(message, size > 0 ? static_cast<size_t>(size) : 0);
  return text.find("READY=1") != std::string_view::npos;
}

Outcome<void> Readiness::wait(ChildProcess& daemon, int timeout_ms) const {
  const uint64_t deadline_ns = obj::deadline_after_ms(obj::monotonic_ns(), timeout_ms);
  for (uint64_t now_ns = obj::monotonic_ns(); now_ns < deadline_ns; now_ns = obj::monotonic_ns()) {
    pollfd events[]{{socket_.get(), POLLIN, 0}, {daemon.pidfd(), POLLIN, 0}};
    const int count = ::poll(events, 2, static_cast<int>((deadline_ns - now_ns) / 1'000'000 + 1));
    if (count < 0 && errno != EINTR) return system_failure("poll");
    if (take_ready()) return {};
    if (daemon.wait(0)) return std::unexpected("objd " + daemon.fate());
  }
  return std::unexpected(fmt::format("objd was not ready within {} ms", timeout_ms));
}

}  // namespace objbench
