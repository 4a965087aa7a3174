// SPDX-License-Identifier: Apache-2.0
// client/session_link.hh -- one session's descriptors and mappings.
#pragma once

#include <cstdint>

#include "base/mapping.hh"
#include "base/unique_fd.hh"
#include "client/handshake.hh"
#include "client/last_error.hh"
#include "client/session/layout.hh"
#include "store/shared/table_view.hh"

namespace obj::client {

struct SessionLink {
  UniqueFd socket;
  UniqueFd bell_to_daemon;
  UniqueFd bell_to_client;
  Mapping control;  // read-only
  Mapping arena;    // read-only in a read-only session
  Mapping segment;  // not there in forked children
  TableView table;  // into `control`
  session::Layout layout;
  uint64_t page_bytes;  // of the arena

  // Maps what the greeting brought, after checking that it is what the welcome says.
  // OBJ_EREFUSED: it is not; OBJ_ENOMEM, OBJ_ESYSTEM.
  static OrStatus<SessionLink> establish(Greeting greeting, bool read_only);
};

}  // namespace obj::client
