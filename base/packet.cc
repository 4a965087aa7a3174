// SPDX-License-Identifier: Apache-2.0
#include "base/packet.hh"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/check.hh"
#include "base/clock.hh"

namespace obj {
namespace {

constexpr size_t kSentFdsMax = 8;
// More than any packet has, so that extra descriptors of a confused sender are closed, not leaked.
constexpr size_t kFdsMax = 32;

bool wait_readable(int socket, uint64_t deadline_ns) {
  while (true) {
    const uint64_t now_ns = monotonic_ns();
    constexpr uint64_t kNsPerMs = 1'000'000;
    const uint64_t left_ms =
        now_ns < deadline_ns ? (deadline_ns - now_ns + kNsPerMs - 1) / kNsPerMs : 0;
    pollfd fd{socket, POLLIN, 0};
    const int timeout_ms =
        deadline_ns == kForeverNs ? -1 : static_cast<int>(std::min<uint64_t>(left_ms, INT_MAX));
    const int ready = ::poll(&fd, 1, timeout_ms);
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return true;  // recvmsg(2) will say what is wrong
  }
}

void adopt_fds(msghdr& message, std::vector<UniqueFd>& fds) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

Result<void> send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds) {
  OBJ_CHECK(fds.size() <= kSentFdsMax);
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kSentFdsMax * sizeof(int))] = {};
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  const ssize_t sent = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(bytes.size())) {
    return std::unexpected(Error{ErrorCode::kSystem, errno, "sendmsg"});
  }
  return {};
}

Result<Packet> receive_packet(int socket, void* bytes, size_t bytes_max, uint64_t deadline_ns) {
  Packet packet;
  packet.fds.reserve(kFdsMax);
  if (!wait_readable(socket, deadline_ns)) {
    return std::unexpected(Error{ErrorCode::kTimeout, 0, "poll"});
  }
  alignas(cmsghdr) char control[CMSG_SPACE(kFdsMax * sizeof(int))];
  iovec part{bytes, bytes_max};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0) {
    const ErrorCode code = errno == EAGAIN ? ErrorCode::kTimeout : ErrorCode::kDisconnected;
    return std::unexpected(Error{code, errno, "recvmsg"});
  }
  adopt_fds(message, packet.fds);
  packet.size_bytes = static_cast<size_t>(size);
  packet.is_cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  if (size == 0 && packet.fds.empty()) {
    return std::unexpected(Error{ErrorCode::kDisconnected, 0, "recvmsg"});
  }
  return packet;
}

}  // namespace obj
