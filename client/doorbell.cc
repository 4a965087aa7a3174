// SPDX-License-Identifier: Apache-2.0
#include "client/doorbell.hh"

#include <unistd.h>

#include <cstdint>

namespace obj::client {

void Doorbell::ring() const {
  const uint64_t one = 1;
  // EAGAIN: the counter is full, so it rings already. If the daemon is gone, the socket tells.
  [[maybe_unused]] const ssize_t written = ::write(eventfd_, &one, sizeof one);
}

}  // namespace obj::client
