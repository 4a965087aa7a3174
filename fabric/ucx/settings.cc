// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/settings.hh"

#include <cstdlib>

#include "fabric/ucx/status.hh"

namespace obj::ucx {
namespace {

struct Setting {
  const char* name;
  const char* value;
};

// Each with its reason in "What of UCX we avoid" in docs/ucx.md. Transport modules read these from
// the environment only; ucp_config_modify() does not reach them.
constexpr Setting kEnvironment[] = {
    {"UCX_TCP_CM_REUSEADDR", "y"},
    {"UCX_TCP_PUT_ENABLE", "n"},
    {"UCX_PROTO_ENABLE", "n"},
};
// Read by the shared memory transports alone. UCX complains, on standard output, of a setting that
// nobody reads, and decides whether it may before we run.
constexpr Setting kOfSharedMemory{"UCX_MM_ERROR_HANDLING", "y"};

bool may_use_shared_memory(const TransportChoice& choice) {
  const char* const of_user = std::getenv("UCX_TLS");
  const std::string tls = of_user != nullptr ? of_user : choice.tls;
  return tls != "tcp" && tls != "tcp,self" && tls != "self,tcp";
}

void set_environment(const TransportChoice& choice) {
  for (const auto& [name, value] : kEnvironment) ::setenv(name, value, 0);
  if (may_use_shared_memory(choice)) ::setenv(kOfSharedMemory.name, kOfSharedMemory.value, 0);
}

// For this context alone, so that two fabrics in one process can differ.
Result<void> set(ucp_config_t* config, const char* name, const std::string& value) {
  if (value.empty() || std::getenv((std::string("UCX_") + name).c_str()) != nullptr) return {};
  const ucs_status_t status = ::ucp_config_modify(config, name, value.c_str());
  if (status != UCS_OK) return std::unexpected(error_of_call(status, "ucp_config_modify"));
  return {};
}

}  // namespace

Result<ConfigHandle> read_config(const TransportChoice& choice) {
  set_environment(choice);
  ucp_config_t* read = nullptr;
  if (const ucs_status_t status = ::ucp_config_read(nullptr, nullptr, &read); status != UCS_OK) {
    return std::unexpected(error_of_call(status, "ucp_config_read"));
  }
  ConfigHandle config(read, &::ucp_config_release);
  const std::pair<const char*, std::string> settings[] = {
      {"TLS", choice.tls},
      {"NET_DEVICES", choice.net_devices},
      {"SOCKADDR_TLS_PRIORITY", "tcp"},
      {"MAX_EAGER_RAILS", "1"},
      {"MAX_RNDV_RAILS", "1"},
  };
  for (const auto& [name, value] : settings) {
    if (const auto done = set(config.get(), name, value); !done) {
      return std::unexpected(done.error());
    }
  }
  return config;
}

}  // namespace obj::ucx
