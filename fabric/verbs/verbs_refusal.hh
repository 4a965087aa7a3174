// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/verbs_refusal.hh -- what a node answers that cannot be read over verbs: why.
#pragma once

#include <string>
#include <utility>

#include "fabric/message_transport.hh"

namespace obj {

// Threads: the reactor thread. Lifetime: `messages` outlives it.
class VerbsRefusal final : public MessageHandler {
 public:
  // `reason`: for people on the other node.
  VerbsRefusal(MessageTransport& messages, std::string reason)
      : messages_(messages), reason_(std::move(reason)) {}

  void on_peer_up(PeerId, bool) override {}
  void on_message(PeerId peer, std::span<const std::byte> message) override;
  void on_peer_down(PeerId, const Error&) override {}

 private:
  MessageTransport& messages_;
  std::string reason_;
};

}  // namespace obj
