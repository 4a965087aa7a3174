// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/endpoint.hh -- one UCP endpoint, the memory that UCX has of ours, and its end.
//
//   Open -- close() --> Closing -- the close, all sends and all receives completed --> drained()
#pragma once

#include <ucp/api/ucp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.hh"
#include "fabric/ucx/frame.hh"
#include "fabric/ucx/socket_address.hh"
#include "fabric/ucx/worker.hh"

namespace obj::ucx {

class Endpoint;

// Called from inside UCX's loop or from a send: must only take note.
class EndpointEvents {
 public:
  virtual ~EndpointEvents() = default;

  // Once at most for each endpoint, unless close() came first.
  virtual void on_broken(Endpoint& endpoint, ucs_status_t status) = 0;
  // UCX is done with the span of this send_bulk(); whether it arrived, nobody knows.
  virtual void on_bulk_sent(Endpoint& endpoint, uint64_t token) = 0;
  // UCX is done with the destination of this receive_bulk(). False: it is not filled.
  virtual void on_bulk_received(Endpoint& endpoint, uint64_t token, bool is_filled) = 0;
};

// Lifetime: `worker` and `events` outlive it. REQUIRES at destruction: drained(), or the worker is
// destroyed.
class Endpoint {
 public:
  static Result<std::unique_ptr<Endpoint>> dial(Worker& worker, const SocketAddress& address,
                                                EndpointEvents& events);
  static Result<std::unique_ptr<Endpoint>> accept(Worker& worker, ucp_conn_request_h request,
                                                  EndpointEvents& events);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // A copy of the frame; in order. REQUIRES: not closed.
  void send(const FrameHeader& header, std::span<const std::byte> payload);
  // Not a copy: `data` belongs to UCX until on_bulk_sent(token), which always comes. Not in order
  // with frames. REQUIRES: not closed.
  void send_bulk(const FrameHeader& header, std::span<const std::byte> data, uint64_t token);
  // Fetches what a rendezvous frame announced; `destination` belongs to UCX until
  // on_bulk_received(token), which always comes. REQUIRES: not closed, within on_frame().
  void receive_bulk(void* rendezvous, std::span<std::byte> destination, uint64_t token);

  // Of frames (not bulk) that UCX has not completed.
  size_t queued_bytes() const { return queued_bytes_; }
  ucp_ep_h get() const { return endpoint_; }

  // Breaks the connection. REQUIRES: not within a call of EndpointEvents or FrameSink.
  void close();
  // UCX has nothing of ours any more.
  bool drained();

 private:
  struct Transfer;

  Endpoint(Worker& worker, EndpointEvents& events) : worker_(worker), events_(events) {}
  Result<void> create(ucp_ep_params_t& params);
  void send_transfer(std::unique_ptr<Transfer> transfer, std::span<const std::byte> payload,
                     uint32_t flags);
  void finish(std::unique_ptr<Transfer> transfer, ucs_status_t status);
  void break_off(ucs_status_t status);
  static void on_error(void* self, ucp_ep_h endpoint, ucs_status_t status);
  static void on_sent(void* request, ucs_status_t status, void* transfer);
  static void on_received(void* request, ucs_status_t status, size_t length, void* transfer);

  Worker& worker_;
  EndpointEvents& events_;
  ucp_ep_h endpoint_ = nullptr;  // null once the close is complete
  void* close_request_ = nullptr;
  bool is_closing_ = false;
  bool is_broken_ = false;
  size_t queued_bytes_ = 0;
  Transfer* in_flight_ = nullptr;  // doubly linked: freed with us if the worker died first
};

}  // namespace obj::ucx
