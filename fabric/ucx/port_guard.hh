// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/port_guard.hh -- keeps from UCX's listening socket what UCX 1.13 would abort on.
#pragma once

#include <sys/socket.h>

#include "base/result.hh"

namespace obj::ucx {

// Puts a filter on the socket of this process that listens at `address`, and so on all that it
// accepts: the kernel drops segments that are no message of UCX's connection manager (u64 length,
// u64 status, and exactly `length` bytes, below 64 KiB). A scanner's or a lost client's bytes never
// reach UCX, which asserts on them. Bulk data goes over other sockets.
//
// Known hole: not a protection against bytes that were made to pass, such as a message of length 0
// before any other, which the filter cannot tell from UCX's own last one; see docs/ucx.md.
// kNotFound: no such socket.
Result<void> guard_port(const sockaddr_storage& address);

}  // namespace obj::ucx
