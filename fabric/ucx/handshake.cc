// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/handshake.hh"

#include <algorithm>
#include <utility>

#include "fabric/ucx/proof.hh"

namespace obj::ucx {
namespace {

using Outcome = HandshakeStep::Outcome;

constexpr Error kOtherVersion{ErrorCode::kVersion, 0,
                              "handshake: the peer speaks another version of the protocol; run "
                              "the same release of objd on all nodes"};
constexpr Error kOtherSecret{ErrorCode::kInvalid, 0,
                             "handshake: the peer has another cluster secret; give all nodes the "
                             "same cluster_secret_file"};
constexpr Error kNoService{ErrorCode::kInvalid, 0,
                           "handshake: the peer does not offer this service; check that the "
                           "address and port are those of the right program"};
constexpr Error kMalformed{ErrorCode::kInvalid, 0,
                           "handshake: not a frame of this protocol; check that the port is "
                           "objd's"};
constexpr Error kFull{ErrorCode::kLimit, 0,
                      "handshake: the peer has as many connections as it takes (peers_max)"};

Error error_of(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kVersion: return kOtherVersion;
    case RefusalReason::kSecret: return kOtherSecret;
    case RefusalReason::kService: return kNoService;
    case RefusalReason::kMalformed: return kMalformed;
    case RefusalReason::kFull: return kFull;
  }
  return kMalformed;  // a number that a peer made up
}

template <class Frame>
HandshakeFrame frame_of(FrameKind kind, const Frame& frame) {
  HandshakeFrame out{kind, std::vector<std::byte>(sizeof(frame))};
  std::memcpy(out.payload.data(), &frame, sizeof(frame));
  return out;
}

HandshakeStep refuse(RefusalReason reason) {
  return {Outcome::kRefused, make_refusal(reason), error_of(reason)};
}

HandshakeStep refused_by_peer(std::span<const std::byte> payload) {
  RefusalFrame frame;
  if (!load_frame(payload, frame) || frame.magic != kHandshakeMagic) {
    return {Outcome::kRefused, {}, kMalformed};
  }
  return {Outcome::kRefused, {}, error_of(frame.reason)};
}

}  // namespace

HandshakeFrame make_refusal(RefusalReason reason) {
  return frame_of(FrameKind::kRefusal, RefusalFrame{kHandshakeMagic, kHandshakeVersion, reason, 0});
}

DialHandshake::DialHandshake(SourceNode self, Service service, std::string secret,
                             const Nonce& nonce)
    : hello_{kHandshakeMagic,
             kHandshakeVersion,
             static_cast<uint8_t>(service),
             0,
             self.node,
             0,
             self.incarnation,
             nonce},
      secret_(std::move(secret)) {}

HandshakeFrame DialHandshake::hello() const { return frame_of(FrameKind::kHello, hello_); }

HandshakeStep DialHandshake::on_frame(FrameKind kind, std::span<const std::byte> payload) {
  const State state = std::exchange(state_, State::kDone);
  if (kind == FrameKind::kRefusal) return refused_by_peer(payload);
  if (state == State::kAwaitsChallenge && kind == FrameKind::kChallenge) {
    return on_challenge(payload);
  }
  if (state == State::kAwaitsWelcome && kind == FrameKind::kWelcome && payload.empty()) {
    return {Outcome::kPassed};
  }
  return refuse(RefusalReason::kMalformed);
}

HandshakeStep DialHandshake::on_challenge(std::span<const std::byte> payload) {
  ChallengeFrame challenge;
  if (!load_frame(payload, challenge) || challenge.listener.reserved != 0) {
    return refuse(RefusalReason::kMalformed);
  }
  if (!same_proof(challenge.proof, make_proof(secret_, "listener", hello_, challenge.listener))) {
    return refuse(RefusalReason::kSecret);
  }
  peer_ = {challenge.listener.node, challenge.listener.incarnation};
  state_ = State::kAwaitsWelcome;
  return {Outcome::kWaits,
          frame_of(FrameKind::kProof, make_proof(secret_, "dialler", hello_, challenge.listener))};
}

ListenHandshake::ListenHandshake(SourceNode self, std::span<const bool, kServices> offered,
                                 std::string secret, const Nonce& nonce)
    : secret_(std::move(secret)), self_{self.node, 0, self.incarnation, nonce} {
  std::copy(offered.begin(), offered.end(), offered_.begin());
}

HandshakeStep ListenHandshake::on_frame(FrameKind kind, std::span<const std::byte> payload) {
  const State state = std::exchange(state_, State::kDone);
  if (kind == FrameKind::kRefusal) return refused_by_peer(payload);
  if (state == State::kAwaitsHello && kind == FrameKind::kHello) return on_hello(payload);
  if (state == State::kAwaitsProof && kind == FrameKind::kProof) return on_proof(payload);
  return refuse(RefusalReason::kMalformed);
}

HandshakeStep ListenHandshake::on_hello(std::span<const std::byte> payload) {
  // Magic and version first: the rest of another version's hello may have another size.
  struct Prefix {
    uint32_t magic;
    uint16_t version;
  } prefix;
  if (payload.size() < sizeof(prefix)) return refuse(RefusalReason::kMalformed);
  std::memcpy(&prefix, payload.data(), sizeof(prefix));
  if (prefix.magic != kHandshakeMagic) return refuse(RefusalReason::kMalformed);
  if (prefix.version != kHandshakeVersion) return refuse(RefusalReason::kVersion);
  if (!load_frame(payload, hello_) || hello_.reserved0 != 0 || hello_.reserved1 != 0) {
    return refuse(RefusalReason::kMalformed);
  }
  if (hello_.service >= kServices || !offered_[hello_.service]) {
    return refuse(RefusalReason::kService);
  }
  state_ = State::kAwaitsProof;
  return {Outcome::kWaits,
          frame_of(FrameKind::kChallenge,
                   ChallengeFrame{self_, make_proof(secret_, "listener", hello_, self_)})};
}

HandshakeStep ListenHandshake::on_proof(std::span<const std::byte> payload) {
  Proof proof;
  if (!load_frame(payload, proof)) return refuse(RefusalReason::kMalformed);
  if (!same_proof(proof, make_proof(secret_, "dialler", hello_, self_))) {
    return refuse(RefusalReason::kSecret);
  }
  return {Outcome::kPassed, HandshakeFrame{FrameKind::kWelcome, {}}};
}

}  // namespace obj::ucx
