// SPDX-License-Identifier: Apache-2.0
// client/open_request.hh -- what obj_open() was asked for, checked and with defaults filled in.
#pragma once

#include <cstdint>
#include <string>

#include <obj/obj.h>

#include "client/last_error.hh"

namespace obj::client {

struct OpenRequest {
  std::string socket_path;
  std::string name;
  bool read_only = false;
  uint32_t pins_max = 0;      // 0: the daemon's default
  uint32_t requests_max = 0;  // 0: the daemon's default
  uint64_t spin_ns = 0;
  int32_t timeout_ms = 5000;
  // A daemon that was stopped or is starved answers late. Calls give up this long after their own
  // deadline; those that the daemon answers at once have only this.
  uint64_t grace_ns = 10'000'000'000;
};

// `options` may be null, and may come from a program that was compiled with another version of the
// struct: shorter is fine, longer if what we do not know is zero. OBJ_EINVAL.
OrStatus<OpenRequest> make_open_request(const char* socket_path, const obj_open_options* options);

}  // namespace obj::client
