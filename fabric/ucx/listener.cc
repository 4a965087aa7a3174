// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/listener.hh"

#include "base/log.hh"
#include "fabric/ucx/port_guard.hh"
#include "fabric/ucx/socket_address.hh"
#include "fabric/ucx/status.hh"

namespace obj::ucx {

Result<std::unique_ptr<Listener>> Listener::create(Worker& worker, const std::string& address) {
  std::unique_ptr<Listener> listener(new Listener);
  if (const auto done = listener->listen(worker, address); !done) {
    log::error("cannot_listen", {{"address", address}, {"error", done.error()}});
    return std::unexpected(done.error());
  }
  return listener;
}

Result<void> Listener::listen(Worker& worker, const std::string& address) {
  OBJ_TRY(const SocketAddress where, parse_socket_address(address));
  ucp_listener_params_t params{};
  params.field_mask = UCP_LISTENER_PARAM_FIELD_SOCK_ADDR | UCP_LISTENER_PARAM_FIELD_CONN_HANDLER;
  params.sockaddr = {where.get(), where.size_bytes};
  params.conn_handler = {&Listener::on_request, this};
  ucp_listener_h created = nullptr;
  ucs_status_t status = ::ucp_listener_create(worker.get(), &params, &created);
  if (status != UCS_OK) return std::unexpected(error_of_call(status, "ucp_listener_create"));
  listener_.reset(created);

  ucp_listener_attr_t attributes{};
  attributes.field_mask = UCP_LISTENER_ATTR_FIELD_SOCKADDR;
  status = ::ucp_listener_query(created, &attributes);
  if (status != UCS_OK) return std::unexpected(error_of_call(status, "ucp_listener_query"));
  address_ = to_string(attributes.sockaddr);
  if (const auto guarded = guard_port(attributes.sockaddr); !guarded) {
    log::warn("port_unguarded", {{"address", address_}, {"error", guarded.error()}});
  }
  return {};
}

}  // namespace obj::ucx
