// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/handshake.hh -- both sides prove that they know the cluster's secret. Pure.
//
//   dialler    hello ->            <- challenge      proof ->         <- welcome
//   listener            (checks)                               (checks)
//   Either may send a refusal instead of what is its turn, and is done then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hh"
#include "fabric/pull/source.hh"
#include "fabric/ucx/handshake_wire.hh"
#include "fabric/ucx/service.hh"

namespace obj::ucx {

// A frame to send.
struct HandshakeFrame {
  FrameKind kind;
  std::vector<std::byte> payload;
};

struct HandshakeStep {
  enum class Outcome : uint8_t { kWaits, kPassed, kRefused };

  Outcome outcome = Outcome::kWaits;
  std::optional<HandshakeFrame> reply{};  // to be sent first
  Error why{ErrorCode::kInvalid};         // if refused; by them, or by us
};

class DialHandshake {
 public:
  DialHandshake(SourceNode self, Service service, std::string secret, const Nonce& nonce);

  HandshakeFrame hello() const;
  HandshakeStep on_frame(FrameKind kind, std::span<const std::byte> payload);

  // The listener's, once passed.
  SourceNode peer() const { return peer_; }

 private:
  enum class State : uint8_t { kAwaitsChallenge, kAwaitsWelcome, kDone };
  HandshakeStep on_challenge(std::span<const std::byte> payload);

  HelloFrame hello_;
  std::string secret_;
  SourceNode peer_;
  State state_ = State::kAwaitsChallenge;
};

class ListenHandshake {
 public:
  // `offered[s]`: service s is attached here.
  ListenHandshake(SourceNode self, std::span<const bool, kServices> offered, std::string secret,
                  const Nonce& nonce);

  HandshakeStep on_frame(FrameKind kind, std::span<const std::byte> payload);

  // The dialler's, once passed.
  SourceNode peer() const { return {hello_.node, hello_.incarnation}; }
  Service service() const { return static_cast<Service>(hello_.service); }

 private:
  enum class State : uint8_t { kAwaitsHello, kAwaitsProof, kDone };
  HandshakeStep on_hello(std::span<const std::byte> payload);
  HandshakeStep on_proof(std::span<const std::byte> payload);

  std::array<bool, kServices> offered_{};
  std::string secret_;
  ListenerFields self_;
  HelloFrame hello_{};
  State state_ = State::kAwaitsHello;
};

// The refusal to send for this reason; also without a handshake (the table is full).
HandshakeFrame make_refusal(RefusalReason reason);

}  // namespace obj::ucx
