// SPDX-License-Identifier: Apache-2.0
// tools/objctl/descriptor.hh -- file descriptors: owning, reading and writing them whole.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "tools/objctl/failure.hh"

namespace objctl {

// Closes what it holds, unless that is one of the three standard descriptors.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;  // -1: none
};

// Up to bytes.size() bytes; fewer only at the end of the file. `what` begins the failure's line.
// Both end early, as interrupted, only if an Interruption was noted.
Outcome<size_t> read_whole(int fd, std::span<std::byte> bytes, const std::string& what);
Outcome<void> write_whole(int fd, std::span<const std::byte> bytes, const std::string& what);

// Writes text to standard output.
Outcome<void> print(std::string_view text);
// Writes text to standard error; nobody is left to be told if that fails.
void complain(std::string_view text);

}  // namespace objctl
