// SPDX-License-Identifier: Apache-2.0
// tools/daemon/standard_descriptors.hh -- a daemon's descriptors 0, 1 and 2 exist.
#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace obj {

// A daemon started with a closed standard descriptor would otherwise get a socket there, and log
// into it.
inline void fill_standard_descriptors() {
  while (true) {
    const int fd = ::open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO) {
      ::close(fd);
      return;
    }
    if (fd < 0) return;
  }
}

}  // namespace obj
