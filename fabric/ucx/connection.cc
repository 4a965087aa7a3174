// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/connection.hh"

#include <algorithm>
#include <utility>

#include "base/check.hh"
#include "base/log.hh"
#include "fabric/ucx/status.hh"

namespace obj::ucx {
namespace {

constexpr Error kGarbage{ErrorCode::kInvalid, 0,
                         "connection: the peer sent what is no frame of this protocol"};
constexpr Error kOutOfOrder{ErrorCode::kInvalid, 0, "connection: frames were lost or reordered"};
constexpr Error kTooEarly{ErrorCode::kInvalid, 0,
                          "connection: the peer sent messages before its handshake had passed"};
constexpr Error kSilent{ErrorCode::kDisconnected, 0,
                        "connection: nothing was heard of the peer for too long; it is frozen, "
                        "overloaded, or cut off"};
constexpr Error kNoAnswer{ErrorCode::kTimeout, 0,
                          "connect: no answer in time; check the address, the port, and that what "
                          "listens there is objd"};

}  // namespace

Connection::Connection(PeerId id, const ConnectionLimits& limits, ConnectionEvents& events)
    : id_(id),
      limits_(limits),
      events_(events),
      liveness_(limits.heartbeat_misses),
      ticks_left_(limits.greeting_ticks) {}

void Connection::dial(Worker& worker, const SocketAddress& address, DialHandshake handshake,
                      Service service) {
  service_ = service;
  const HandshakeFrame hello = handshake.hello();
  handshake_ = std::move(handshake);
  auto endpoint = Endpoint::dial(worker, address, *this);
  if (!endpoint) return doom(endpoint.error());
  endpoint_ = std::move(*endpoint);
  send_frame(hello.kind, hello.payload);
}

void Connection::accept(Worker& worker, ucp_conn_request_h request, ListenHandshake handshake) {
  handshake_ = std::move(handshake);
  auto endpoint = Endpoint::accept(worker, request, *this);
  if (!endpoint) return doom(endpoint.error());
  endpoint_ = std::move(*endpoint);
}

SourceNode Connection::peer() const {
  if (const auto* const dialled = std::get_if<DialHandshake>(&handshake_)) return dialled->peer();
  return std::get<ListenHandshake>(handshake_).peer();
}

size_t Connection::queued_bytes() const { return waiting_bytes_ + endpoint_->queued_bytes(); }

Result<void> Connection::send(std::span<const std::byte> message) {
  if (is_doomed() || state_ == State::kRefused) {
    return std::unexpected(Error{ErrorCode::kDisconnected, 0, "send: the peer is down"});
  }
  if (message.size() >
      limits_.queue_bytes_max - std::min(queued_bytes(), limits_.queue_bytes_max)) {
    return std::unexpected(Error{ErrorCode::kLimit, 0, "send: the peer does not keep up"});
  }
  if (state_ == State::kGreeting) {
    waiting_.emplace_back(message.begin(), message.end());
    waiting_bytes_ += message.size();
  } else {
    send_frame(FrameKind::kMessage, message);
  }
  return {};
}

void Connection::send_frame(FrameKind kind, std::span<const std::byte> payload) {
  liveness_.on_sent();
  endpoint_->send({send_sequence_++, kind, {}}, payload);
}

void Connection::send_bulk(uint32_t number, std::span<const std::byte> data, uint64_t token) {
  OBJ_CHECK(is_up() && !is_doomed());
  endpoint_->send_bulk({number, FrameKind::kBulk, {}}, data, token);
}

void Connection::receive_bulk(void* rendezvous, std::span<std::byte> destination, uint32_t number) {
  endpoint_->receive_bulk(rendezvous, destination, number);
}

void Connection::on_frame(const ArrivedFrame& frame) {
  if (is_doomed() || state_ == State::kRefused) return;
  const auto header = decode_frame_header(frame.header);
  if (!header) return doom(kGarbage);
  liveness_.on_heard();
  const bool is_bulk = header->kind == FrameKind::kBulk;
  if (is_bulk != (frame.rendezvous != nullptr)) return doom(kGarbage);
  if (!is_bulk && header->sequence != receive_sequence_++) return doom(kOutOfOrder);

  switch (header->kind) {
    case FrameKind::kMessage:
      if (!is_up()) return doom(kTooEarly);
      if (frame.payload.size() > MessageTransport::kMessageBytesMax) return doom(kGarbage);
      return events_.on_message(*this, frame.payload);
    case FrameKind::kBulk:
      if (!is_up()) return doom(kTooEarly);
      return events_.on_bulk(*this, header->sequence, frame);
    case FrameKind::kHeartbeat:
      if (!is_up()) return doom(kTooEarly);
      return frame.payload.empty() ? void() : doom(kGarbage);
    case FrameKind::kHello:
    case FrameKind::kChallenge:
    case FrameKind::kProof:
    case FrameKind::kWelcome:
    case FrameKind::kRefusal: return is_up() ? doom(kGarbage) : greet(header->kind, frame.payload);
  }
}

void Connection::greet(FrameKind kind, std::span<const std::byte> payload) {
  auto* const dialled = std::get_if<DialHandshake>(&handshake_);
  const HandshakeStep step = dialled != nullptr
                                 ? dialled->on_frame(kind, payload)
                                 : std::get<ListenHandshake>(handshake_).on_frame(kind, payload);
  if (step.reply) send_frame(step.reply->kind, step.reply->payload);
  switch (step.outcome) {
    case HandshakeStep::Outcome::kWaits: return;
    case HandshakeStep::Outcome::kPassed: return go_up();
    case HandshakeStep::Outcome::kRefused:
      if (is_ours() || !step.reply) return doom(step.why);
      // The dialler must hear why, so the connection stays until it hangs up, or for a moment.
      log::warn("peer_refused", {{"peer", id_}, {"error", step.why}});
      state_ = State::kRefused;
      ticks_left_ = limits_.refusal_ticks;
  }
}

void Connection::go_up() {
  state_ = State::kUp;
  if (!is_ours()) service_ = std::get<ListenHandshake>(handshake_).service();
  for (const auto& message : waiting_) send_frame(FrameKind::kMessage, message);
  waiting_.clear();
  waiting_bytes_ = 0;
  events_.on_up(*this);
}

void Connection::tick() {
  if (is_doomed()) return;
  if (!is_up()) {
    if (ticks_left_-- == 0) doom(kNoAnswer);
    return;
  }
  switch (liveness_.tick()) {
    case Liveness::Verdict::kFine: return;
    case Liveness::Verdict::kDead: return doom(kSilent);
    case Liveness::Verdict::kBeat:
      // Behind what is queued already it would tell the peer nothing more.
      if (endpoint_->queued_bytes() == 0) send_frame(FrameKind::kHeartbeat, {});
  }
}

void Connection::doom(const Error& why) {
  if (is_doomed()) return;
  why_ = why;
  events_.on_doomed(*this);
}

void Connection::on_broken(Endpoint&, ucs_status_t status) {
  doom(error_of_connection(status, state_ != State::kUp));
}

void Connection::on_bulk_sent(Endpoint&, uint64_t token) { events_.on_bulk_sent(*this, token); }

void Connection::on_bulk_received(Endpoint&, uint64_t number, bool is_filled) {
  if (is_filled) liveness_.on_heard();
  events_.on_bulk_received(*this, static_cast<uint32_t>(number), is_filled);
}

}  // namespace obj::ucx
