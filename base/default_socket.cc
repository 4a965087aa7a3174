// SPDX-License-Identifier: Apache-2.0
#include "base/default_socket.hh"

#include <unistd.h>

#include <cstdlib>

namespace obj {

std::string default_socket_path() {
  if (const char* chosen = std::getenv("OBJD_SOCKET"); chosen != nullptr && *chosen != '\0') {
    return chosen;
  }
  if (::geteuid() == 0) return "/run/objd/objd.sock";
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR");
      runtime != nullptr && *runtime != '\0') {
    return std::string(runtime) + "/objd/objd.sock";
  }
  return "/tmp/objd-" + std::to_string(::geteuid()) + "/objd.sock";
}

}  // namespace obj
