// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/status.hh"

#include <cerrno>

#include "base/log.hh"

namespace obj::ucx {

Error error_of_call(ucs_status_t status, const char* call) {
  log::error("ucx_call_failed", {{"call", call}, {"status", ::ucs_status_string(status)}});
  switch (status) {
    case UCS_ERR_BUSY: return {ErrorCode::kSystem, EADDRINUSE, call};
    case UCS_ERR_NO_MEMORY: return {ErrorCode::kOutOfMemory, 0, call};
    case UCS_ERR_INVALID_ADDR: return {ErrorCode::kInvalid, EADDRNOTAVAIL, call};
    default: return {ErrorCode::kSystem, 0, call};
  }
}

Error error_of_connection(ucs_status_t status, bool greeting) {
  if (!greeting) return {ErrorCode::kDisconnected, 0, "connection: the peer hung up or died"};
  switch (status) {
    case UCS_ERR_REJECTED:
      return {ErrorCode::kLimit, 0, "connect: the peer takes no more connections (peers_max)"};
    default:
      return {ErrorCode::kDisconnected, 0,
              "connect: nobody answers at this address; check that objd runs there, and the port"};
  }
}

}  // namespace obj::ucx
