// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/ucx_fabric.hh -- messages between processes over UCX, for several services at once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event_source.hh"
#include "base/result.hh"
#include "fabric/message_transport.hh"
#include "fabric/pull/source.hh"
#include "fabric/ucx/bulk.hh"
#include "fabric/ucx/connection.hh"
#include "fabric/ucx/listener.hh"
#include "fabric/ucx/service.hh"
#include "fabric/ucx/settings.hh"
#include "fabric/ucx/worker.hh"

namespace obj {

struct UcxFabricOptions {
  std::string listen{};  // "HOST:PORT", port 0: any; empty: dials only
  std::string secret{};  // of the cluster; may be empty, and then keeps nobody out
  SourceNode self{};
  uint32_t heartbeat_period_ms = 200;
  uint32_t heartbeat_misses = 4;  // periods of silence until a peer is down
  uint32_t connect_timeout_ms = 3000;
  size_t queue_bytes_max = 16 << 20;  // per peer, not yet taken by the network
  uint32_t peers_max = 900;           // UCX 1.13 fails at about 1019 a process
  ucx::TransportChoice transport{};
};

// Peers are told apart by service: each service's handler hears of its own connections only.
//
// Threads:  the reactor's, for everything. Create it before threads that read the environment.
// Lifetime: attached handlers outlive it, or their last call is forgotten: destruction breaks all
//           connections and calls nobody.
class UcxFabric final : public EventSource, ucx::FrameSink, ucx::ConnectionEvents {
 public:
  // Listens from now on, and refuses services that are not attached yet. Failures are logged.
  static Result<std::unique_ptr<UcxFabric>> create(const UcxFabricOptions& options);
  ~UcxFabric() override;

  // Offers this service. REQUIRES: not attached yet.
  void attach(Service service, MessageHandler& handler);
  // REQUIRES: attached, before the first dial().
  MessageTransport& transport(Service service);
  // Where it listens, with the real port; empty if it does not.
  const std::string& listen_address() const;
  // Who the peer proved to be. Nothing: not up.
  std::optional<SourceNode> identity(PeerId peer) const;

  // Time passed: heartbeats, deadlines. Needed at next_step_ns(), harmless at any time.
  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;

  // EventSource.
  int fd() const override { return worker_->fd(); }
  uint32_t progress(uint32_t events_max) override;
  [[nodiscard]] bool arm() override;

  // Bulk frames of Service::kReads, for fabric/ucx/ alone.
  void attach_bulk(ucx::BulkHandler& handler) { bulk_handler_ = &handler; }
  // `data` belongs to UCX until on_bulk_sent(peer, token). kDisconnected: it was not taken.
  Result<void> send_bulk(PeerId peer, uint32_t number, std::span<const std::byte> data,
                         uint64_t token);
  // At least half of the peer's queue is free. False if it is down.
  bool has_room(PeerId peer) const;
  // Ends the connection for a reason of the caller's; on_peer_down() says it. May be gone already.
  void break_off(PeerId peer, const Error& why);

 private:
  class ServiceTransport final : public MessageTransport {
   public:
    ServiceTransport(UcxFabric& fabric, Service service) : fabric_(fabric), service_(service) {}
    Result<PeerId> dial(const std::string& address) override {
      return fabric_.dial(service_, address);
    }
    Result<void> send(PeerId peer, std::span<const std::byte> message) override {
      return fabric_.send(peer, message);
    }
    void hang_up(PeerId peer) override;

   private:
    UcxFabric& fabric_;
    Service service_;
  };
  struct BulkEvent {
    PeerId peer;
    uint64_t token;
    bool is_send;
    bool is_filled;
  };

  explicit UcxFabric(const UcxFabricOptions& options);
  Result<void> start();
  Result<PeerId> dial(Service service, const std::string& address);
  Result<void> send(PeerId peer, std::span<const std::byte> message);

  // ucx::FrameSink and ucx::ConnectionEvents, from inside UCX's loop.
  void on_frame(const ucx::ArrivedFrame& frame) override;
  void on_up(ucx::Connection& connection) override;
  void on_doomed(ucx::Connection& connection) override;
  void on_message(ucx::Connection& connection, std::span<const std::byte> message) override;
  void on_bulk(ucx::Connection& connection, uint32_t number,
               const ucx::ArrivedFrame& frame) override;
  void on_bulk_sent(ucx::Connection& connection, uint64_t token) override;
  void on_bulk_received(ucx::Connection& connection, uint32_t number, bool is_filled) override;

  // What was noted inside UCX's loop, done outside of it. Each returns how much there was.
  uint32_t accept_requests();
  uint32_t close_doomed();
  uint32_t deliver_bulk_events();
  void drop_drained();
  void close(std::unique_ptr<ucx::Connection> connection);
  void close_all();

  ucx::Connection& add_connection();
  ucx::Connection* find(PeerId peer) const;
  MessageHandler* handler(const ucx::Connection& connection) const {
    return handlers_[static_cast<size_t>(connection.service())];
  }

  // Fixed after construction.
  UcxFabricOptions options_;
  ucx::ConnectionLimits limits_;
  uint64_t tick_ns_;
  std::array<ServiceTransport, kServices> transports_;

  // Destroyed before the worker only when UCX has nothing of theirs any more; else after it.
  std::unordered_map<PeerId, std::unique_ptr<ucx::Connection>> connections_;
  std::vector<std::unique_ptr<ucx::Connection>> closing_;

  std::unique_ptr<ucx::Worker> worker_;
  std::unique_ptr<ucx::Listener> listener_;
  std::unordered_map<ucp_ep_h, ucx::Connection*> by_endpoint_;  // those of connections_
  std::array<MessageHandler*, kServices> handlers_{};
  ucx::BulkHandler* bulk_handler_ = nullptr;
  std::vector<PeerId> doomed_;
  std::vector<BulkEvent> bulk_events_;
  PeerId last_peer_ = 0;
  uint64_t next_tick_ns_ = 0;
  bool told_of_strangers_ = false;
};

}  // namespace obj
