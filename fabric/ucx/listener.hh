// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/listener.hh -- a port where peers dial in.
#pragma once

#include <ucp/api/ucp.h>

#include <memory>
#include <utility>
#include <string>
#include <vector>

#include "base/result.hh"
#include "fabric/ucx/worker.hh"

namespace obj::ucx {

// Lifetime: `worker` must outlive it.
class Listener {
 public:
  // "HOST:PORT"; port 0: any free one. Logs why not.
  static Result<std::unique_ptr<Listener>> create(Worker& worker, const std::string& address);

  // Where it listens, with the real port.
  const std::string& address() const { return address_; }

  // Those that dialled in since the last call. Each must become an endpoint, or be rejected.
  std::vector<ucp_conn_request_h> take_requests() { return std::exchange(requests_, {}); }
  bool has_requests() const { return !requests_.empty(); }
  void reject(ucp_conn_request_h request) { ::ucp_listener_reject(listener_.get(), request); }

 private:
  using Handle = std::unique_ptr<ucp_listener, decltype(&::ucp_listener_destroy)>;

  Listener() = default;
  Result<void> listen(Worker& worker, const std::string& address);
  static void on_request(ucp_conn_request_h request, void* self) {
    // Inside UCX's own loop: only noted here.
    static_cast<Listener*>(self)->requests_.push_back(request);
  }

  std::vector<ucp_conn_request_h> requests_;
  Handle listener_{nullptr, &::ucp_listener_destroy};
  std::string address_;
};

}  // namespace obj::ucx
