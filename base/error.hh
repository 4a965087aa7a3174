// SPDX-License-Identifier: Apache-2.0
// base/error.hh -- why an operation failed, in 16 bytes and without allocation.
#pragma once

#include <cstdint>

namespace obj {

// What a caller can act on. The C boundary (client/) maps each to one enum obj_status.
enum class ErrorCode : uint16_t {
  kNotFound,      // no sealed object has that id
  kExists,        // an object of that id is here already, sealed or being created
  kStale,         // the object named by slot and generation is gone; its memory may be reused
  kTimeout,       // the deadline passed
  kOutOfMemory,   // the arena, the table or the locked-memory limit is exhausted
  kTooLarge,      // can never fit, however much is evicted
  kNotOwner,      // only the session that created an unsealed object may seal or abort it
  kInvalid,       // input that breaks the contract of the call or the protocol
  kLimit,         // a configured limit (pins, requests, sessions) is reached
  kReadOnly,      // the session was opened read-only
  kDisconnected,  // the peer process is gone
  kCancelled,     // ended at the caller's own request
  kVersion,       // the peer speaks another protocol version
  kSystem,        // a system or driver call failed; see Error::system_errno
};

struct Error {
  ErrorCode code;
  int system_errno = 0;    // 0 if no system call was involved
  const char* where = "";  // string literal naming the call, e.g. "ibv_reg_mr"
};
static_assert(sizeof(Error) == 16);

// A word for logs and messages, e.g. "not found". Never null.
const char* to_string(ErrorCode code);

}  // namespace obj
