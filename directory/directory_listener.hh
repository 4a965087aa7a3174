// SPDX-License-Identifier: Apache-2.0
// directory/directory_listener.hh -- seam: what the directory's state tells on its own accord.
#pragma once

#include "directory/location.hh"
#include "directory/location_answer.hh"
#include "fabric/message_transport.hh"

namespace obj::directory {

// Called from inside commands: it must not call back into the state. Order matters to the
// receivers.
class DirectoryListener {
 public:
  virtual ~DirectoryListener() = default;

  virtual void on_change(PeerId subscriber, const LocationChange& change) = 0;
  virtual void on_free(PeerId holder, const FreeOrder& order) = 0;
  // The peer's node is registered elsewhere, or its lease ran out: hang up, so that it learns.
  virtual void on_expelled(PeerId peer, const char* why) = 0;
};

}  // namespace obj::directory
