// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/endpoint.hh"

#include <utility>
#include <vector>

#include "base/check.hh"
#include "fabric/ucx/status.hh"

namespace obj::ucx {

// What UCX reads or writes until it calls back: also the header, for as long as the payload.
struct Endpoint::Transfer {
  enum class Kind : uint8_t { kFrame, kBulkSend, kBulkReceive };

  Endpoint* owner;
  Kind kind;
  FrameHeader header{};
  std::vector<std::byte> copy{};  // of a frame's payload
  uint64_t token = 0;             // of a bulk
  size_t size_bytes = 0;          // of a bulk
  Transfer* previous = nullptr;
  Transfer* next = nullptr;

  void link() {
    next = owner->in_flight_;
    if (next != nullptr) next->previous = this;
    owner->in_flight_ = this;
  }
  void unlink() {
    (previous != nullptr ? previous->next : owner->in_flight_) = next;
    if (next != nullptr) next->previous = previous;
  }
};

Result<std::unique_ptr<Endpoint>> Endpoint::dial(Worker& worker, const SocketAddress& address,
                                                 EndpointEvents& events) {
  std::unique_ptr<Endpoint> endpoint(new Endpoint(worker, events));
  ucp_ep_params_t params{};
  params.field_mask = UCP_EP_PARAM_FIELD_FLAGS | UCP_EP_PARAM_FIELD_SOCK_ADDR;
  params.flags = UCP_EP_PARAMS_FLAGS_CLIENT_SERVER;
  params.sockaddr = {address.get(), address.size_bytes};
  if (const auto created = endpoint->create(params); !created) {
    return std::unexpected(created.error());
  }
  return endpoint;
}

Result<std::unique_ptr<Endpoint>> Endpoint::accept(Worker& worker, ucp_conn_request_h request,
                                                   EndpointEvents& events) {
  std::unique_ptr<Endpoint> endpoint(new Endpoint(worker, events));
  ucp_ep_params_t params{};
  params.field_mask = UCP_EP_PARAM_FIELD_CONN_REQUEST;
  params.conn_request = request;
  if (const auto created = endpoint->create(params); !created) {
    return std::unexpected(created.error());
  }
  return endpoint;
}

Result<void> Endpoint::create(ucp_ep_params_t& params) {
  params.field_mask |= UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE | UCP_EP_PARAM_FIELD_ERR_HANDLER;
  params.err_mode = UCP_ERR_HANDLING_MODE_PEER;
  params.err_handler = {&Endpoint::on_error, this};
  const ucs_status_t status = ::ucp_ep_create(worker_.get(), &params, &endpoint_);
  if (status != UCS_OK) return std::unexpected(error_of_call(status, "ucp_ep_create"));
  return {};
}

Endpoint::~Endpoint() {
  // None in the ordinary run of things; what is left here outlived its worker.
  while (in_flight_ != nullptr) {
    std::unique_ptr<Transfer> last(in_flight_);
    last->unlink();
  }
}

void Endpoint::send(const FrameHeader& header, std::span<const std::byte> payload) {
  std::unique_ptr<Transfer> transfer(new Transfer{this, Transfer::Kind::kFrame, header});
  transfer->copy.assign(payload.begin(), payload.end());
  queued_bytes_ += sizeof(header) + payload.size();
  const std::span<const std::byte> copy = transfer->copy;
  // Eager: a rendezvous could be overtaken by a later frame.
  send_transfer(std::move(transfer), copy, UCP_AM_SEND_FLAG_REPLY | UCP_AM_SEND_FLAG_EAGER);
}

void Endpoint::send_bulk(const FrameHeader& header, std::span<const std::byte> data,
                         uint64_t token) {
  std::unique_ptr<Transfer> transfer(new Transfer{this, Transfer::Kind::kBulkSend, header});
  transfer->token = token;
  send_transfer(std::move(transfer), data, UCP_AM_SEND_FLAG_REPLY | UCP_AM_SEND_FLAG_RNDV);
}

void Endpoint::send_transfer(std::unique_ptr<Transfer> transfer, std::span<const std::byte> payload,
                             uint32_t flags) {
  OBJ_CHECK(!is_closing_);
  ucp_request_param_t param{};
  param.op_attr_mask =
      UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA | UCP_OP_ATTR_FIELD_FLAGS;
  param.flags = flags;
  param.cb.send = &Endpoint::on_sent;
  param.user_data = transfer.get();
  transfer->link();
  void* const request =
      ::ucp_am_send_nbx(endpoint_, kFrameMessageId, &transfer->header, sizeof(FrameHeader),
                        payload.data(), payload.size(), &param);
  if (request == nullptr || UCS_PTR_IS_ERR(request)) {
    finish(std::move(transfer), UCS_PTR_RAW_STATUS(request));
  } else {
    static_cast<void>(transfer.release());  // on_sent() frees it
  }
}

void Endpoint::receive_bulk(void* rendezvous, std::span<std::byte> destination, uint64_t token) {
  OBJ_CHECK(!is_closing_);
  std::unique_ptr<Transfer> transfer(new Transfer{this, Transfer::Kind::kBulkReceive});
  transfer->token = token;
  transfer->size_bytes = destination.size();
  ucp_request_param_t param{};
  param.op_attr_mask =
      UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA | UCP_OP_ATTR_FLAG_NO_IMM_CMPL;
  param.cb.recv_am = &Endpoint::on_received;
  param.user_data = transfer.get();
  transfer->link();
  void* const request = ::ucp_am_recv_data_nbx(worker_.get(), rendezvous, destination.data(),
                                               destination.size(), &param);
  if (request == nullptr || UCS_PTR_IS_ERR(request)) {
    finish(std::move(transfer), UCS_PTR_RAW_STATUS(request));
  } else {
    static_cast<void>(transfer.release());  // on_received() frees it
  }
}

void Endpoint::on_sent(void* request, ucs_status_t status, void* transfer) {
  std::unique_ptr<Transfer> done(static_cast<Transfer*>(transfer));
  ::ucp_request_free(request);
  Endpoint& owner = *done->owner;
  owner.finish(std::move(done), status);
}

void Endpoint::on_received(void* request, ucs_status_t status, size_t length, void* transfer) {
  std::unique_ptr<Transfer> done(static_cast<Transfer*>(transfer));
  ::ucp_request_free(request);
  Endpoint& owner = *done->owner;
  const bool is_whole = length == done->size_bytes;
  owner.finish(std::move(done), status == UCS_OK && !is_whole ? UCS_ERR_MESSAGE_TRUNCATED : status);
}

void Endpoint::finish(std::unique_ptr<Transfer> transfer, ucs_status_t status) {
  transfer->unlink();
  switch (transfer->kind) {
    case Transfer::Kind::kFrame:
      queued_bytes_ -= sizeof(FrameHeader) + transfer->copy.size();
      break;
    case Transfer::Kind::kBulkSend: events_.on_bulk_sent(*this, transfer->token); break;
    case Transfer::Kind::kBulkReceive:
      events_.on_bulk_received(*this, transfer->token, status == UCS_OK);
      break;
  }
  if (status != UCS_OK) break_off(status);
}

void Endpoint::break_off(ucs_status_t status) {
  if (is_closing_ || std::exchange(is_broken_, true)) return;
  events_.on_broken(*this, status);
}

void Endpoint::on_error(void* self, ucp_ep_h, ucs_status_t status) {
  static_cast<Endpoint*>(self)->break_off(status);
}

void Endpoint::close() {
  if (std::exchange(is_closing_, true)) return;
  ucp_request_param_t param{};
  param.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
  param.flags = UCP_EP_CLOSE_FLAG_FORCE;
  void* const request = ::ucp_ep_close_nbx(endpoint_, &param);
  if (UCS_PTR_IS_PTR(request)) {
    close_request_ = request;
  } else {
    endpoint_ = nullptr;
  }
}

bool Endpoint::drained() {
  if (close_request_ != nullptr && ::ucp_request_check_status(close_request_) != UCS_INPROGRESS) {
    ::ucp_request_free(std::exchange(close_request_, nullptr));
    endpoint_ = nullptr;
  }
  return endpoint_ == nullptr && in_flight_ == nullptr;
}

}  // namespace obj::ucx
