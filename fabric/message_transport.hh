// SPDX-License-Identifier: Apache-2.0
// fabric/message_transport.hh -- seam: whole messages between processes, in order, or a dead peer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.hh"
#include "base/result.hh"

namespace obj {

// One connection, from its dial or its arrival to its end; never used twice in a process's life.
using PeerId = uint32_t;

// Called by the transport from its progress(), on the reactor thread, never from inside send().
class MessageHandler {
 public:
  virtual ~MessageHandler() = default;

  // The peer passed the handshake (version, shared secret): messages can flow both ways.
  // `is_ours`: we dialled it.
  virtual void on_peer_up(PeerId peer, bool is_ours) = 0;

  // One whole message. The bytes are the peer's: input, to be checked; valid during the call only.
  virtual void on_message(PeerId peer, std::span<const std::byte> message) = 0;

  // The peer is gone: hung up, silent for too long (heartbeats), refused, or never reached. Exactly
  // once per PeerId, and the last thing heard of it. What was sent may or may not have arrived.
  virtual void on_peer_down(PeerId peer, const Error& why) = 0;
};

// Threads: the reactor thread.
// Limits:  kMessageBytesMax a message; a bounded number of bytes queued per peer (kLimit beyond
// it).
class MessageTransport {
 public:
  static constexpr size_t kMessageBytesMax = 64 * 1024;

  virtual ~MessageTransport() = default;

  // Starts to connect to "host:port" in the background. on_peer_up() or on_peer_down() follows.
  // kInvalid: not an address.
  virtual Result<PeerId> dial(const std::string& address) = 0;

  // Queues a copy of the message; messages of one peer arrive in the order sent. Before
  // on_peer_up() they wait. kDisconnected: the peer is down; kLimit: the peer does not keep up;
  // kTooLarge.
  virtual Result<void> send(PeerId peer, std::span<const std::byte> message) = 0;

  // Hangs up; on_peer_down() follows with kCancelled. A peer that is down already: no effect.
  virtual void hang_up(PeerId peer) = 0;
};

}  // namespace obj
