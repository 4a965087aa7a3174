// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/ucx_fabric.hh"

#include <algorithm>
#include <utility>

#include "base/check.hh"
#include "base/clock.hh"
#include "base/log.hh"
#include "fabric/ucx/proof.hh"

namespace obj {
namespace {

constexpr uint32_t kRefusalMs = 1000;              // a refused dialler has this long to hear it
constexpr uint64_t kDestroyNsMax = 2'000'000'000;  // until UCX has let go of everything

ucx::ConnectionLimits limits_of(const UcxFabricOptions& options) {
  const uint32_t tick_ms = std::max(options.heartbeat_period_ms / 2, 1u);
  return {.heartbeat_misses = options.heartbeat_misses,
          .greeting_ticks = options.connect_timeout_ms / tick_ms + 1,
          .refusal_ticks = kRefusalMs / tick_ms + 1,
          .queue_bytes_max = options.queue_bytes_max};
}

}  // namespace

UcxFabric::UcxFabric(const UcxFabricOptions& options)
    : options_(options),
      limits_(limits_of(options)),
      tick_ns_(std::max(options.heartbeat_period_ms / 2, 1u) * uint64_t{1'000'000}),
      transports_{ServiceTransport(*this, Service::kDirectory),
                  ServiceTransport(*this, Service::kNode), ServiceTransport(*this, Service::kReads),
                  ServiceTransport(*this, Service::kVerbs),
                  ServiceTransport(*this, Service::kSameHost)} {}

Result<std::unique_ptr<UcxFabric>> UcxFabric::create(const UcxFabricOptions& options) {
  OBJ_CHECK(options.heartbeat_period_ms > 0 && options.heartbeat_misses > 0);
  std::unique_ptr<UcxFabric> fabric(new UcxFabric(options));
  if (const auto started = fabric->start(); !started) return std::unexpected(started.error());
  return fabric;
}

Result<void> UcxFabric::start() {
  OBJ_TRY(worker_, ucx::Worker::create(options_.transport, *this));
  if (options_.listen.empty()) return {};
  OBJ_TRY(listener_, ucx::Listener::create(*worker_, options_.listen));
  return {};
}

UcxFabric::~UcxFabric() {
  handlers_.fill(nullptr);
  bulk_handler_ = nullptr;
  if (worker_ != nullptr) close_all();
  listener_.reset();
  worker_.reset();
}

void UcxFabric::close_all() {
  accept_requests();
  while (!connections_.empty()) close(std::move(connections_.begin()->second));
  const uint64_t until_ns = monotonic_ns() + kDestroyNsMax;
  while (!closing_.empty() && monotonic_ns() < until_ns) {
    worker_->progress();
    drop_drained();
  }
  if (!closing_.empty()) log::warn("ucx_close_incomplete", {{"connections", closing_.size()}});
}

void UcxFabric::attach(Service service, MessageHandler& handler) {
  MessageHandler*& place = handlers_[static_cast<size_t>(service)];
  OBJ_CHECK(place == nullptr);
  place = &handler;
}

MessageTransport& UcxFabric::transport(Service service) {
  return transports_[static_cast<size_t>(service)];
}

const std::string& UcxFabric::listen_address() const {
  static const std::string none;
  return listener_ != nullptr ? listener_->address() : none;
}

std::optional<SourceNode> UcxFabric::identity(PeerId peer) const {
  const ucx::Connection* const connection = find(peer);
  if (connection == nullptr || !connection->is_up()) return {};
  return connection->peer();
}

ucx::Connection* UcxFabric::find(PeerId peer) const {
  const auto found = connections_.find(peer);
  return found != connections_.end() ? found->second.get() : nullptr;
}

ucx::Connection& UcxFabric::add_connection() {
  if (connections_.empty() && closing_.empty()) next_tick_ns_ = 0;
  const PeerId id = ++last_peer_;
  ucx::ConnectionEvents& events = *this;
  auto connection = std::make_unique<ucx::Connection>(id, limits_, events);
  return *connections_.emplace(id, std::move(connection)).first->second;
}

Result<PeerId> UcxFabric::dial(Service service, const std::string& address) {
  OBJ_CHECK(handlers_[static_cast<size_t>(service)] != nullptr);
  if (connections_.size() >= options_.peers_max) {
    return std::unexpected(Error{ErrorCode::kLimit, 0, "dial: as many connections as peers_max"});
  }
  OBJ_TRY(const ucx::SocketAddress where, ucx::parse_socket_address(address));
  ucx::Connection& connection = add_connection();
  connection.dial(*worker_, where,
                  ucx::DialHandshake(options_.self, service, options_.secret, ucx::random_nonce()),
                  service);
  if (connection.endpoint() != nullptr) {
    by_endpoint_[connection.endpoint()->get()] = &connection;
  }
  return connection.id();
}

Result<void> UcxFabric::send(PeerId peer, std::span<const std::byte> message) {
  if (message.size() > MessageTransport::kMessageBytesMax) {
    return std::unexpected(Error{ErrorCode::kTooLarge, 0, "send: more than kMessageBytesMax"});
  }
  ucx::Connection* const connection = find(peer);
  if (connection == nullptr) {
    return std::unexpected(Error{ErrorCode::kDisconnected, 0, "send: the peer is down"});
  }
  return connection->send(message);
}

void UcxFabric::ServiceTransport::hang_up(PeerId peer) {
  fabric_.break_off(peer, {ErrorCode::kCancelled, 0, "hang_up"});
}

void UcxFabric::break_off(PeerId peer, const Error& why) {
  if (ucx::Connection* const connection = find(peer)) connection->doom(why);
}

bool UcxFabric::has_room(PeerId peer) const {
  const ucx::Connection* const connection = find(peer);
  return connection != nullptr && !connection->is_doomed() &&
         connection->queued_bytes() <= options_.queue_bytes_max / 2;
}

Result<void> UcxFabric::send_bulk(PeerId peer, uint32_t number, std::span<const std::byte> data,
                                  uint64_t token) {
  ucx::Connection* const connection = find(peer);
  if (connection == nullptr || connection->is_doomed() || !connection->is_up()) {
    return std::unexpected(Error{ErrorCode::kDisconnected, 0, "send: the peer is down"});
  }
  connection->send_bulk(number, data, token);
  return {};
}

// ---- from inside UCX's loop --------------------------------------------------------------------

void UcxFabric::on_frame(const ucx::ArrivedFrame& frame) {
  const auto found = by_endpoint_.find(frame.from);
  if (found != by_endpoint_.end()) return found->second->on_frame(frame);
  // Late, from a connection that is closing; or from something that knows UCX but not us.
  if (frame.from == nullptr && !std::exchange(told_of_strangers_, true)) {
    log::warn("frame_without_sender", {{"bytes", frame.payload_bytes}});
  }
}

void UcxFabric::on_up(ucx::Connection& connection) {
  if (MessageHandler* const known = handler(connection)) {
    known->on_peer_up(connection.id(), connection.is_ours());
  }
}

void UcxFabric::on_doomed(ucx::Connection& connection) { doomed_.push_back(connection.id()); }

void UcxFabric::on_message(ucx::Connection& connection, std::span<const std::byte> message) {
  if (MessageHandler* const known = handler(connection)) {
    known->on_message(connection.id(), message);
  }
}

void UcxFabric::on_bulk(ucx::Connection& connection, uint32_t number,
                        const ucx::ArrivedFrame& frame) {
  std::span<std::byte> destination;
  if (bulk_handler_ != nullptr && connection.service() == Service::kReads) {
    destination = bulk_handler_->on_bulk_offered(connection.id(), number, frame.payload_bytes);
  }
  if (destination.empty() || destination.size() != frame.payload_bytes) {
    return connection.doom({ErrorCode::kInvalid, 0, "reads: the peer sent what was not asked for"});
  }
  connection.receive_bulk(frame.rendezvous, destination, number);
}

void UcxFabric::on_bulk_sent(ucx::Connection& connection, uint64_t token) {
  bulk_events_.push_back({connection.id(), token, true, false});
}

void UcxFabric::on_bulk_received(ucx::Connection& connection, uint32_t number, bool is_filled) {
  bulk_events_.push_back({connection.id(), number, false, is_filled});
}

// ---- outside of it -----------------------------------------------------------------------------

uint32_t UcxFabric::progress(uint32_t events_max) {
  uint32_t events = 0;
  while (events < events_max && worker_->progress()) events++;
  events += accept_requests();
  events += deliver_bulk_events();
  events += close_doomed();
  drop_drained();
  return events;
}

bool UcxFabric::arm() {
  const bool is_quiet = doomed_.empty() && bulk_events_.empty() &&
                        (listener_ == nullptr || !listener_->has_requests());
  return is_quiet && worker_->arm();
}

uint32_t UcxFabric::accept_requests() {
  if (listener_ == nullptr) return 0;
  const auto requests = listener_->take_requests();
  for (ucp_conn_request_h request : requests) {
    if (connections_.size() + closing_.size() >= options_.peers_max) {
      log::warn("peer_rejected", {{"peers_max", options_.peers_max}});
      listener_->reject(request);
      continue;
    }
    std::array<bool, kServices> offered;
    std::ranges::transform(handlers_, offered.begin(), [](auto* h) { return h != nullptr; });
    ucx::Connection& connection = add_connection();
    connection.accept(
        *worker_, request,
        ucx::ListenHandshake(options_.self, offered, options_.secret, ucx::random_nonce()));
    if (connection.endpoint() != nullptr) {
      by_endpoint_[connection.endpoint()->get()] = &connection;
    }
  }
  return static_cast<uint32_t>(requests.size());
}

uint32_t UcxFabric::close_doomed() {
  // Handlers may doom others meanwhile: those have their turn in the next round.
  const std::vector<PeerId> doomed = std::exchange(doomed_, {});
  for (const PeerId peer : doomed) {
    const auto found = connections_.find(peer);
    OBJ_CHECK(found != connections_.end());
    const bool is_known = found->second->is_known();
    const Error why = found->second->why();
    MessageHandler* const known = handler(*found->second);
    close(std::move(found->second));
    if (is_known && known != nullptr) known->on_peer_down(peer, why);
  }
  return static_cast<uint32_t>(doomed.size());
}

void UcxFabric::close(std::unique_ptr<ucx::Connection> connection) {
  connections_.erase(connection->id());
  if (connection->endpoint() == nullptr) return;
  by_endpoint_.erase(connection->endpoint()->get());
  connection->endpoint()->close();
  closing_.push_back(std::move(connection));
}

void UcxFabric::drop_drained() {
  std::erase_if(closing_, [](const auto& connection) { return connection->endpoint()->drained(); });
}

uint32_t UcxFabric::deliver_bulk_events() {
  if (bulk_handler_ == nullptr) bulk_events_.clear();
  const std::vector<BulkEvent> events = std::exchange(bulk_events_, {});
  for (const BulkEvent& event : events) {
    if (event.is_send) {
      bulk_handler_->on_bulk_sent(event.peer, event.token);
    } else {
      bulk_handler_->on_bulk_received(event.peer, static_cast<uint32_t>(event.token),
                                      event.is_filled);
    }
  }
  return static_cast<uint32_t>(events.size());
}

void UcxFabric::step(uint64_t now_ns) {
  if (now_ns < next_step_ns()) return;
  next_tick_ns_ = now_ns + tick_ns_;
  for (const auto& [id, connection] : connections_) connection->tick();
}

uint64_t UcxFabric::next_step_ns() const {
  return connections_.empty() && closing_.empty() ? kForeverNs : next_tick_ns_;
}

}  // namespace obj
