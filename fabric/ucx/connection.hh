// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/connection.hh -- one connection: where it stands, and what it may send.
//
//   Greeting -- handshake passed --> Up
//      |                             |
//      '-- refused --> Refused       |      Refused: our refusal is on its way
//                         |          |
//                         '----------'--> doomed (for why() to say), then closed by the fabric
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "fabric/message_transport.hh"
#include "fabric/ucx/endpoint.hh"
#include "fabric/ucx/handshake.hh"
#include "fabric/ucx/liveness.hh"
#include "fabric/ucx/service.hh"

namespace obj::ucx {

class Connection;

// Called from inside UCX's loop or a send: must only take note, or deliver what arrived.
class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;

  virtual void on_up(Connection& connection) = 0;
  // Its end has a reason now; close it soon. Once.
  virtual void on_doomed(Connection& connection) = 0;
  virtual void on_message(Connection& connection, std::span<const std::byte> message) = 0;
  virtual void on_bulk(Connection& connection, uint32_t number, const ArrivedFrame& frame) = 0;
  virtual void on_bulk_sent(Connection& connection, uint64_t token) = 0;
  virtual void on_bulk_received(Connection& connection, uint32_t number, bool is_filled) = 0;
};

// Limits of one connection, in ticks of half a heartbeat period.
struct ConnectionLimits {
  uint32_t heartbeat_misses = 0;
  uint32_t greeting_ticks = 0;
  uint32_t refusal_ticks = 0;
  size_t queue_bytes_max = 0;
};

// Lifetime: `events` outlives it.
class Connection final : public EndpointEvents {
 public:
  enum class State : uint8_t { kGreeting, kRefused, kUp };

  Connection(PeerId id, const ConnectionLimits& limits, ConnectionEvents& events);

  // Dials; a failure dooms it.
  void dial(Worker& worker, const SocketAddress& address, DialHandshake handshake, Service service);
  // Takes over an arrived request; a failure dooms it.
  void accept(Worker& worker, ucp_conn_request_h request, ListenHandshake handshake);

  PeerId id() const { return id_; }
  bool is_ours() const { return std::holds_alternative<DialHandshake>(handshake_); }
  bool is_up() const { return state_ == State::kUp; }
  // The upper layer knows of it: it gets an on_peer_down().
  bool is_known() const { return is_ours() || is_up(); }
  // Known once it is up, and from the start if it is ours.
  Service service() const { return service_; }
  SourceNode peer() const;
  bool is_doomed() const { return why_.has_value(); }
  const Error& why() const { return *why_; }

  Result<void> send(std::span<const std::byte> message);
  // Of messages that the network has not taken. REQUIRES: not doomed.
  size_t queued_bytes() const;
  // REQUIRES: is up, not doomed.
  void send_bulk(uint32_t number, std::span<const std::byte> data, uint64_t token);
  void receive_bulk(void* rendezvous, std::span<std::byte> destination, uint32_t number);
  void on_frame(const ArrivedFrame& frame);
  // Half a heartbeat period has passed.
  void tick();
  // No effect on one that is doomed already.
  void doom(const Error& why);

  // Null if it never came to be.
  Endpoint* endpoint() { return endpoint_.get(); }

 private:
  void on_broken(Endpoint& endpoint, ucs_status_t status) override;
  void on_bulk_sent(Endpoint& endpoint, uint64_t token) override;
  void on_bulk_received(Endpoint& endpoint, uint64_t number, bool is_filled) override;

  void greet(FrameKind kind, std::span<const std::byte> payload);
  void go_up();
  void send_frame(FrameKind kind, std::span<const std::byte> payload);

  // Fixed after construction.
  PeerId id_;
  ConnectionLimits limits_;
  ConnectionEvents& events_;

  State state_ = State::kGreeting;
  Service service_ = Service::kDirectory;
  std::variant<std::monostate, DialHandshake, ListenHandshake> handshake_;
  std::unique_ptr<Endpoint> endpoint_;
  std::optional<Error> why_;  // doomed
  Liveness liveness_;
  uint32_t ticks_left_;  // while greeting or refused
  uint32_t send_sequence_ = 0;
  uint32_t receive_sequence_ = 0;
  std::deque<std::vector<std::byte>> waiting_;  // messages, until it is up
  size_t waiting_bytes_ = 0;
};

}  // namespace obj::ucx
