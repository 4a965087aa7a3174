// SPDX-License-Identifier: Apache-2.0
#include "base/error.hh"

namespace obj {

const char* to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound: return "not found";
    case ErrorCode::kExists: return "exists";
    case ErrorCode::kStale: return "stale";
    case ErrorCode::kTimeout: return "timed out";
    case ErrorCode::kOutOfMemory: return "out of memory";
    case ErrorCode::kTooLarge: return "too large";
    case ErrorCode::kNotOwner: return "not the owner";
    case ErrorCode::kInvalid: return "invalid";
    case ErrorCode::kLimit: return "limit reached";
    case ErrorCode::kReadOnly: return "read-only session";
    case ErrorCode::kDisconnected: return "disconnected";
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kVersion: return "version mismatch";
    case ErrorCode::kSystem: return "system call failed";
  }
  return "unknown error";
}

}  // namespace obj
