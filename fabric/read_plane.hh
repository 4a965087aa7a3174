// SPDX-License-Identifier: Apache-2.0
// fabric/read_plane.hh -- seam: a data plane that reaches some nodes only.
#pragma once

#include "fabric/read_transport.hh"

namespace obj {

// Threads: the reactor thread.
class ReadPlane : public ReadTransport {
 public:
  // Reads of this node can be posted here now. It becomes true some time after connect(), or never,
  // and false again when the way is lost. What is posted to a node that is not reached completes
  // with kDisconnected.
  virtual bool reaches(SourceNode node) const = 0;
};

}  // namespace obj
