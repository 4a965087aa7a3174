// SPDX-License-Identifier: Apache-2.0
#include "tests/client/support/listener.hh"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

namespace obj::test {

Listener::Listener() : Listener(SOCK_SEQPACKET) {}

Listener::Listener(int socket_type) : socket_(::socket(AF_UNIX, socket_type | SOCK_CLOEXEC, 0)) {
  std::string pattern = std::filesystem::temp_directory_path() / "obj-client-test-XXXXXX";
  EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
  directory_ = pattern;
  path_ = directory_ + "/objd.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  EXPECT_LT(path_.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path_.data(), path_.size());
  EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(socket_.get(), 8), 0);
}

Listener::~Listener() { std::filesystem::remove_all(directory_); }

UniqueFd Listener::accept() const {
  return UniqueFd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

void send_packet(int socket, const void* bytes, size_t size_bytes, const std::vector<int>& fds) {
  std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
  iovec part{const_cast<void*>(bytes), size_bytes};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size() * sizeof(int));
  }
  ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

size_t count_open_fds() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    count++;
  }
  return count;
}

}  // namespace obj::test
