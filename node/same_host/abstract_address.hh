// SPDX-License-Identifier: Apache-2.0
// node/same_host/abstract_address.hh -- the address of a Unix socket that has no file.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>

#include "node/same_host/same_host_wire.hh"

namespace obj {

class AbstractAddress {
 public:
  explicit AbstractAddress(const same_host::SocketName& name) {
    address_.sun_family = AF_UNIX;
    static_assert(sizeof name < sizeof address_.sun_path);
    std::ranges::copy(name, address_.sun_path + 1);  // behind a NUL: abstract, see unix(7)
  }

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const {
    return offsetof(sockaddr_un, sun_path) + 1 + sizeof(same_host::SocketName);
  }

 private:
  sockaddr_un address_{};
};

}  // namespace obj
