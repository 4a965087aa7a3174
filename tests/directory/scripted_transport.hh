// SPDX-License-Identifier: Apache-2.0
// tests/directory/scripted_transport.hh -- a transport whose other side is the test itself.
//
// Fault model: send() and dial() fail with what the test sets; nothing is delivered unless the test
// calls the handler.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "directory/wire/messages.hh"
#include "fabric/message_transport.hh"
#include "tests/directory/wire_samples.hh"

namespace obj::directory {

struct SentMessage {
  PeerId peer;
  wire::Bytes bytes;

  wire::Type type() const {
    return static_cast<wire::Type>(wire::load<wire::Header>(bytes.data()).type);
  }
  // What it says. REQUIRES: it is valid, and an M. Valid as long as this is.
  template <class M>
  M as() const {
    return std::get<M>(*wire::decode(bytes));
  }
};

class ScriptedTransport : public MessageTransport {
 public:
  Result<PeerId> dial(const std::string& address) override {
    dialled.push_back(address);
    if (dial_fails) return std::unexpected(*dial_fails);
    return ++last_peer;
  }
  Result<void> send(PeerId peer, std::span<const std::byte> message) override {
    if (send_fails) return std::unexpected(*send_fails);
    sent.push_back({peer, wire::copy(message)});
    return {};
  }
  void hang_up(PeerId peer) override { hung_up.push_back(peer); }

  // What was sent since the last call, heartbeats left out.
  std::vector<SentMessage> take_sent() {
    std::vector<SentMessage> taken = std::exchange(sent, {});
    std::erase_if(taken, [](const auto& m) { return m.type() == wire::Type::kHeartbeat; });
    return taken;
  }

  std::vector<std::string> dialled;
  std::vector<PeerId> hung_up;
  std::vector<SentMessage> sent;
  std::optional<Error> dial_fails;
  std::optional<Error> send_fails;
  PeerId last_peer = 0;
};

}  // namespace obj::directory
