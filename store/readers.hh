// SPDX-License-Identifier: Apache-2.0
// store/readers.hh -- seam: what the reading clients hold and use.
#pragma once

#include <cstdint>
#include <vector>

#include "store/object_ref.hh"

namespace obj {

struct HeldPin {
  uint64_t word;      // a non-zero pin cell (store/shared/pin_cell.hh): a claim, not yet checked
  SessionId session;  // whose
};

// Implemented by the daemon's sessions, and by fakes in tests.
//
// Threads: the daemon's reactor thread only.
class Readers {
 public:
  virtual ~Readers() = default;

  // Appends every non-zero pin cell of every session. Each cell is loaded with seq_cst, after the
  // caller's seq_cst stores to the control words of its victims: the order that makes eviction
  // safe.
  virtual void collect_pins(std::vector<HeldPin>& pins) = 0;

  // Appends slots that clients used since the last call, oldest first, as claimed (unchecked).
  virtual void collect_touches(std::vector<uint32_t>& slots) = 0;

  // Whether clients must ring the daemon's bell when they release something.
  virtual void want_releases(bool wanted) = 0;
};

}  // namespace obj
