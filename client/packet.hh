// SPDX-License-Identifier: Apache-2.0
// client/packet.hh -- one packet from the session socket, with the descriptors that came along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hh"
#include "base/unique_fd.hh"

namespace obj::client {

struct Packet {
  size_t size_bytes = 0;      // as sent, also if that is more than fitted
  std::vector<UniqueFd> fds;  // close-on-exec
  bool is_cut = false;        // bytes or descriptors did not fit
};

// Waits for a packet until `deadline_ns` and copies up to `bytes_max` of it to `bytes`.
// kTimeout; kDisconnected: end of file, or the connection is broken.
Result<Packet> receive_packet(int socket, void* bytes, size_t bytes_max, uint64_t deadline_ns);

}  // namespace obj::client
