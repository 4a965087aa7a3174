// SPDX-License-Identifier: Apache-2.0
// base/packet.hh -- one message with descriptors on a Unix socket (SOCK_SEQPACKET).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hh"
#include "base/unique_fd.hh"

namespace obj {

// Sends `bytes` as one packet with `fds` (SCM_RIGHTS), without blocking. kSystem: not sent; EAGAIN
// means that the peer does not read.
// REQUIRES: at most 8 descriptors.
Result<void> send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds);

struct Packet {
  size_t size_bytes = 0;      // as sent, also if that is more than fitted
  std::vector<UniqueFd> fds;  // close-on-exec
  bool is_cut = false;        // bytes or descriptors did not fit
};

// Waits for a packet until `deadline_ns` and copies up to `bytes_max` of it to `bytes`.
// kTimeout; kDisconnected: end of file, or the connection is broken.
Result<Packet> receive_packet(int socket, void* bytes, size_t bytes_max, uint64_t deadline_ns);

}  // namespace obj
