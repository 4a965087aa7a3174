// SPDX-License-Identifier: Apache-2.0
// base/default_socket.hh -- where objd listens and clients look when nobody says otherwise.
#pragma once

#include <string>

namespace obj {

// $OBJD_SOCKET; else /run/objd/objd.sock for root; else $XDG_RUNTIME_DIR/objd/objd.sock; else
// /tmp/objd-UID/objd.sock. The daemon and libobj share the rule, so that they meet.
std::string default_socket_path();

}  // namespace obj
