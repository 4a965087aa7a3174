// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/socket_address.hh -- "HOST:PORT" as the kernel has it, and back.
#pragma once

#include <sys/socket.h>

#include <string>

#include "base/result.hh"

namespace obj::ucx {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size_bytes = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// "10.0.0.7:7000", "[fe80::1]:7000", "node7:7000". A name is looked up now, on this thread.
// kInvalid: not of that form, or no such name.
Result<SocketAddress> parse_socket_address(const std::string& text);

// "?" if the family is unknown.
std::string to_string(const sockaddr_storage& address);

}  // namespace obj::ucx
