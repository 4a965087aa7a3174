// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/settings.hh -- how UCX is set up before its first use.
#pragma once

#include <ucp/api/ucp.h>

#include <memory>
#include <string>

#include "base/result.hh"

namespace obj::ucx {

struct TransportChoice {
  std::string tls = "tcp";    // UCX_TLS, unless the user's environment has it
  std::string net_devices{};  // UCX_NET_DEVICES, likewise; empty: all
};

using ConfigHandle = std::unique_ptr<ucp_config_t, decltype(&::ucp_config_release)>;

// Sets the process's environment where the user did not, then reads UCX's configuration.
// Threads: before others run that may read the environment.
Result<ConfigHandle> read_config(const TransportChoice& choice);

}  // namespace obj::ucx
