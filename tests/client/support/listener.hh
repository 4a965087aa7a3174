// SPDX-License-Identifier: Apache-2.0
// tests/client/support/listener.hh -- a Unix socket in a temporary directory, to play a daemon on.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/unique_fd.hh"

namespace obj::test {

class Listener {
 public:
  explicit Listener(int socket_type);
  Listener();  // SOCK_SEQPACKET
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const std::string& path() const { return path_; }
  int fd() const { return socket_.get(); }
  UniqueFd accept() const;

 private:
  std::string directory_;
  std::string path_;
  UniqueFd socket_;
};

// Sends one packet with descriptors.
void send_packet(int socket, const void* bytes, size_t size_bytes, const std::vector<int>& fds);

// How many descriptors this process has open.
size_t count_open_fds();

}  // namespace obj::test
