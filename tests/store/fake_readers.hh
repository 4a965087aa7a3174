// SPDX-License-Identifier: Apache-2.0
// tests/store/fake_readers.hh -- readers whose pin cells and touch logs the test fills.
//
// Fault model: cells and touches may hold anything at all; and `on_scan` runs just before the cells
// are read, which is when a client that was faster than us has stored its pin.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "store/readers.hh"
#include "store/shared/pin_cell.hh"

namespace obj {

class FakeReaders : public Readers {
 public:
  void pin(SessionId session, ObjectRef ref) {
    pins.push_back({make_pin(ref.slot, ref.generation), session});
  }
  // Clears one cell of the session that names the object.
  void release(SessionId session, ObjectRef ref) {
    const uint64_t word = make_pin(ref.slot, ref.generation);
    const auto cell = std::ranges::find_if(
        pins, [&](const HeldPin& held) { return held.word == word && held.session == session; });
    if (cell != pins.end()) pins.erase(cell);
  }
  void release_all(SessionId session) {
    std::erase_if(pins, [&](const HeldPin& held) { return held.session == session; });
  }

  void collect_pins(std::vector<HeldPin>& out) override {
    if (on_scan) on_scan();
    scans++;
    out.insert(out.end(), pins.begin(), pins.end());
  }
  void collect_touches(std::vector<uint32_t>& out) override {
    out.insert(out.end(), touches.begin(), touches.end());
    touches.clear();
  }
  void want_releases(bool) override {}

  std::vector<HeldPin> pins;
  std::vector<uint32_t> touches;
  std::function<void()> on_scan;
  int scans = 0;
};

}  // namespace obj
