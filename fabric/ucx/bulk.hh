// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/bulk.hh -- large spans between the arenas of two peers, beside their messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fabric/message_transport.hh"

namespace obj::ucx {

// The user of bulk frames of Service::kReads.
class BulkHandler {
 public:
  virtual ~BulkHandler() = default;

  // From inside UCX's loop; must only look up. The peer sends `size_bytes` under `number`: where
  // to? The span must be of that size, and belongs to UCX until on_bulk_received(). Empty: it is
  // not wanted, and the connection is broken off.
  virtual std::span<std::byte> on_bulk_offered(PeerId peer, uint32_t number, size_t size_bytes) = 0;

  // From progress(). Each accepted offer and each send_bulk() gets exactly one, possibly after
  // on_peer_down().
  virtual void on_bulk_received(PeerId peer, uint32_t number, bool is_filled) = 0;
  virtual void on_bulk_sent(PeerId peer, uint64_t token) = 0;
};

}  // namespace obj::ucx
