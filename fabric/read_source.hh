// SPDX-License-Identifier: Apache-2.0
// fabric/read_source.hh -- seam: what of this node others may read, for data planes in which the
// owner's process answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/object_id.hh"
#include "base/result.hh"
#include "fabric/pull/source.hh"

namespace obj {

// Threads: the reactor thread.
class ReadSource {
 public:
  struct Held {
    std::span<const std::byte> ready;  // the valid bytes of the extent, from its start
    SlotSighting sighting;
  };

  virtual ~ReadSource() = default;

  // The copy of `id` in this slot and generation, sealed or still being filled. Until the
  // let_go() that answers it, its memory is not given to anything else; holds of one copy add up.
  // kStale: it is not there (any more).
  virtual Result<Held> hold(const ObjectId& id, uint32_t slot, uint64_t generation) = 0;
  virtual void let_go(uint32_t slot, uint64_t generation) = 0;

  // The same look without a hold.
  virtual Result<SlotSighting> look(const ObjectId& id, uint32_t slot, uint64_t generation) = 0;
};

}  // namespace obj
