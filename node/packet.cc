// SPDX-License-Identifier: Apache-2.0
#include "node/packet.hh"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.hh"

namespace obj {
namespace {

constexpr size_t kFdsMax = 8;

}  // namespace

Result<void> send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds) {
  OBJ_CHECK(fds.size() <= kFdsMax);
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kFdsMax * sizeof(int))] = {};
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

Result<UniqueFd> text_file(const char* name, const std::string& text) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (file.get() < 0) return std::unexpected(Error{ErrorCode::kSystem, errno, "memfd_create"});
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = ::pwrite(file.get(), text.data() + written, text.size() - written,
                                  static_cast<off_t>(written));
    if (size <= 0) return std::unexpected(Error{ErrorCode::kSystem, errno, "pwrite"});
    written += static_cast<size_t>(size);
  }
  return file;
}

}  // namespace obj
