// SPDX-License-Identifier: Apache-2.0
#include "client/daemon_line.hh"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ctime>

#include "base/clock.hh"

namespace obj::client {
namespace {

constexpr short kGone = POLLRDHUP | POLLHUP | POLLERR | POLLNVAL;

timespec span_of(uint64_t nanoseconds) {
  constexpr uint64_t kNsPerS = 1'000'000'000;
  return {static_cast<time_t>(nanoseconds / kNsPerS), static_cast<long>(nanoseconds % kNsPerS)};
}

}  // namespace

DaemonLine::Heard DaemonLine::sleep(uint64_t now_ns, uint64_t deadline_ns) const {
  if (now_ns >= deadline_ns) return Heard::kNothing;
  pollfd fds[] = {{bell_, POLLIN, 0}, {socket_, POLLRDHUP, 0}};
  const timespec timeout = span_of(deadline_ns - now_ns);
  const int ready = ::ppoll(fds, 2, deadline_ns == kForeverNs ? nullptr : &timeout, nullptr);
  if (ready <= 0) return Heard::kNothing;
  if ((fds[0].revents & POLLIN) != 0) {
    // A pipe with a byte for each ring; what is left in it only wakes us once more for nothing.
    char rings[64];
    [[maybe_unused]] const ssize_t got = ::read(bell_, rings, sizeof rings);
  }
  return ((fds[0].revents | fds[1].revents) & kGone) != 0 ? Heard::kHangUp : Heard::kBell;
}

bool DaemonLine::is_hung_up() const {
  pollfd fd{socket_, POLLRDHUP, 0};
  return ::poll(&fd, 1, 0) > 0 && (fd.revents & kGone) != 0;
}

void DaemonLine::hang_up() const { ::shutdown(socket_, SHUT_RDWR); }

}  // namespace obj::client
