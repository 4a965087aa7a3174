// SPDX-License-Identifier: Apache-2.0
// client/handshake.hh -- hello and welcome: from a socket path to descriptors.
#pragma once

#include <array>

#include "base/unique_fd.hh"
#include "client/last_error.hh"
#include "client/open_request.hh"
#include "client/session/hello.hh"

namespace obj::client {

struct Greeting {
  session::Welcome welcome;
  UniqueFd socket;
  std::array<UniqueFd, session::kWelcomeFdCount> fds;  // by session::WelcomeFd
};

// Connects and says hello. On success the welcome says accepted, speaks our version, and came with
// all descriptors; its numbers are not checked yet. On failure no descriptor is left open.
// OBJ_EDISCONNECTED, OBJ_EREFUSED, OBJ_ETIMEOUT, OBJ_ESYSTEM, OBJ_EINVAL.
OrStatus<Greeting> shake_hands(const OpenRequest& request);

}  // namespace obj::client
