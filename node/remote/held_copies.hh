// SPDX-License-Identifier: Apache-2.0
// node/remote/held_copies.hh -- what other nodes may read of this one's memory, and holds
// meanwhile.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "fabric/read_source.hh"
#include "node/remote/daemon_pins.hh"
#include "store/object_store.hh"

namespace obj {

// Lifetime: everything passed to the constructor must outlive it.
// Threads:  the reactor thread.
class HeldCopies : public ReadSource {
 public:
  // `on_unheld`: nobody holds this copy any more.
  HeldCopies(ObjectStore& store, DaemonPins& pins, std::span<const std::byte> arena,
             std::function<void(ObjectRef)> on_unheld)
      : store_(store), pins_(pins), arena_(arena), on_unheld_(std::move(on_unheld)) {}

  Result<Held> hold(const ObjectId& id, uint32_t slot, uint64_t generation) override;
  void let_go(uint32_t slot, uint64_t generation) override;
  Result<SlotSighting> look(const ObjectId& id, uint32_t slot, uint64_t generation) override;

 private:
  ObjectStore& store_;
  DaemonPins& pins_;
  std::span<const std::byte> arena_;
  std::function<void(ObjectRef)> on_unheld_;
};

}  // namespace obj
