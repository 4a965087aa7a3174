// SPDX-License-Identifier: Apache-2.0
// store/ledger.hh -- the one account of the arena's memory: who has how much of it, and why.
#pragma once

#include <cstdint>
#include <string>

#include "store/object_ref.hh"

namespace obj {

// Objects and the bytes of their extents (rounded as allocated).
struct Holding {
  uint64_t objects = 0;
  uint64_t bytes = 0;

  friend bool operator==(const Holding&, const Holding&) = default;
};

// capacity_bytes == free_bytes + unsealed.bytes + sealed.bytes + withdrawn.bytes, always.
struct Ledger {
  uint64_t capacity_bytes = 0;
  uint64_t free_bytes = 0;
  Holding unsealed;       // being created
  Holding sealed;         // in the index, readable; includes owner_pinned
  Holding owner_pinned;   // the part of `sealed` that named owners keep
  Holding secondary;      // the part of `sealed` that was pulled from other nodes
  Holding being_spilled;  // the part of `sealed` that is on its way to storage
  Holding spilled;        // the part of `sealed` that is safe in a spill record too
  Holding withdrawn;      // removed, but still read by somebody

  friend bool operator==(const Ledger&, const Ledger&) = default;
};

// One holder of memory that cannot be evicted.
struct Blocker {
  enum class Why : uint8_t {
    kUnsealed,     // a client makes it
    kViewed,       // a client reads it
    kOwnerPinned,  // a named owner keeps it
    kWithdrawn,    // removed, but a client still reads it
    kPulled,       // being pulled here
    kRemote,       // held by the daemon: sent to or wanted by other nodes
    kSpilling,     // being written to storage
    kRestoring,    // being read back from storage
    kUnspilled,    // the only copies, which storage does not take
  };
  Why why;
  SessionId session = 0;  // whose it is; 0 if an owner's
  std::string owner;      // kOwnerPinned
  Holding held;

  friend bool operator==(const Blocker&, const Blocker&) = default;
};

}  // namespace obj
