// SPDX-License-Identifier: Apache-2.0
// node/remote/daemon_pins.hh -- copies that the daemon itself keeps in memory: those that bundles
// wait to have together, and those that are on their way to other nodes or to storage.
//
// They protect as a client's pin cells do, and are read by the same scan: one rule for evictions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "store/object_ref.hh"
#include "store/readers.hh"
#include "store/shared/pin_cell.hh"

namespace obj {

// Threads: the reactor thread.
class DaemonPins {
 public:
  // `session`: as whose they are shown, kDaemonSession or kSpillSession.
  explicit DaemonPins(SessionId session = kDaemonSession) : session_(session) {}

  // Pins of one object add up.
  void add(ObjectRef ref) { pins_[make_pin(ref.slot, ref.generation)]++; }
  // True: that was the last one. REQUIRES: it is pinned.
  bool remove(ObjectRef ref) {
    const auto found = pins_.find(make_pin(ref.slot, ref.generation));
    if (--found->second > 0) return false;
    pins_.erase(found);
    return true;
  }
  bool holds(ObjectRef ref) const { return pins_.contains(make_pin(ref.slot, ref.generation)); }
  size_t size() const { return pins_.size(); }

  void collect(std::vector<HeldPin>& pins) const {
    for (const auto& [word, count] : pins_) pins.push_back({word, session_});
  }

 private:
  const SessionId session_;
  std::unordered_map<uint64_t, uint32_t> pins_;
};

// The clients' pins and the daemon's.
class AllReaders : public Readers {
 public:
  // All must outlive it.
  AllReaders(Readers& clients, const DaemonPins& daemon, const DaemonPins& spills)
      : clients_(clients), daemon_(daemon), spills_(spills) {}

  void collect_pins(std::vector<HeldPin>& pins) override {
    clients_.collect_pins(pins);
    daemon_.collect(pins);
    spills_.collect(pins);
  }
  void collect_touches(std::vector<uint32_t>& slots) override { clients_.collect_touches(slots); }
  void want_releases(bool wanted) override { clients_.want_releases(wanted); }

 private:
  Readers& clients_;
  const DaemonPins& daemon_;
  const DaemonPins& spills_;
};

}  // namespace obj
