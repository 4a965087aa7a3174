// SPDX-License-Identifier: Apache-2.0
// tools/objctl/frames.hh -- a page that is refreshed on the screen until somebody has seen enough.
#pragma once

#include <cstdint>
#include <optional>

#include "tools/objctl/failure.hh"
#include "tools/objctl/screen.hh"

namespace objctl {

// What the frames show.
class Frames {
 public:
  virtual ~Frames() = default;

  // Asks objd, and shows what it says on `screen`.
  virtual Outcome<void> refresh(Screen& screen) = 0;
  // The same frame again, for a terminal of another size.
  virtual Outcome<void> paint(Screen& screen) = 0;
};

// `frames_max` frames, `interval_s` apart; nothing: until q or a signal.
Outcome<void> show_frames(Frames& frames, std::optional<uint64_t> frames_max, double interval_s);

}  // namespace objctl
