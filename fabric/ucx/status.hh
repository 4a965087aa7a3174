// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/status.hh -- a ucs_status_t as an Error.
#pragma once

#include <ucs/type/status.h>

#include "base/error.hh"

namespace obj::ucx {

// Of a call made at start-up. Logs UCX's own words, once.
Error error_of_call(ucs_status_t status, const char* call);

// Why a connection broke; `greeting`: before its handshake had passed.
Error error_of_connection(ucs_status_t status, bool greeting);

}  // namespace obj::ucx
