// SPDX-License-Identifier: Apache-2.0
// node/packet.hh -- one message with descriptors on a Unix socket.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.hh"
#include "base/unique_fd.hh"

namespace obj {

// Sends `bytes` as one packet with `fds` (SCM_RIGHTS), without blocking. kSystem: not sent; EAGAIN
// means that the peer does not read.
// REQUIRES: at most 8 descriptors.
Result<void> send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds);

// `text` in a fresh memfd that a peer can map or read from its start. kSystem or kOutOfMemory.
Result<UniqueFd> text_file(const char* name, const std::string& text);

}  // namespace obj
