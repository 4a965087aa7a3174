// SPDX-License-Identifier: Apache-2.0
// store/store_listener.hh -- seam: who is told what other nodes may find here, and what no longer.
#pragma once

#include <cstdint>

#include "store/object_ref.hh"

namespace obj {

// Why an object is not here any more.
enum class Departure : uint8_t {
  kEvicted,  // its memory was wanted
  kRemoved,  // it is not wanted
  kAborted,  // it was never sealed
};

// Threads: called on the reactor thread, inside calls of the store. It must not call the store.
class StoreListener {
 public:
  virtual ~StoreListener() = default;

  // It was sealed just now.
  virtual void on_sealed(const Placement& placement) = 0;
  // A sealed object, or an unsealed one of which something was shown ready, has left the index:
  // evicted, removed, aborted, or its creator ended. Exactly once for each, and before its
  // generation moves on and its memory can be used for anything else.
  virtual void on_gone(const Placement& placement, Departure why) = 0;
};

}  // namespace obj
