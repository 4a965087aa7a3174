// SPDX-License-Identifier: Apache-2.0
// node/socket_path.hh -- sole listener on a path of the file system.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "base/unique_fd.hh"

namespace obj {

// A listening SOCK_SEQPACKET socket, and the lock that says who owns its path.
//
// The lock is a flock(2) on PATH.lock, which the kernel drops when its holder dies: so a socket
// file that is found while the lock is free is stale, and is replaced. The lock file itself stays;
// its removal would race with the next owner.
class ListeningSocket {
 public:
  // Creates the folder (0755) if it is missing. `mode`: of the socket file, which decides who may
  // connect. On failure: a sentence with cause and mend.
  static std::expected<ListeningSocket, std::string> listen(const std::string& path, uint32_t mode);

  ListeningSocket(ListeningSocket&&) = default;
  ListeningSocket& operator=(ListeningSocket&&) = default;
  ~ListeningSocket();

  int fd() const { return socket_.get(); }
  const std::string& path() const { return path_; }

 private:
  ListeningSocket(std::string path, UniqueFd lock, UniqueFd socket)
      : path_(std::move(path)), lock_(std::move(lock)), socket_(std::move(socket)) {}

  std::string path_;
  UniqueFd lock_;  // closed after the socket's file is removed
  UniqueFd socket_;
};

}  // namespace obj
