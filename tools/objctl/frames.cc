// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/frames.hh"

#include <algorithm>
#include <chrono>

namespace objctl {

Outcome<void> show_frames(Frames& frames, std::optional<uint64_t> frames_max, double interval_s) {
  using Clock = std::chrono::steady_clock;
  OBJCTL_TRY(Descriptor signals, Screen::watch_signals());
  Screen screen(std::move(signals));
  const auto interval =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(interval_s));
  auto next = Clock::now();
  const uint64_t last = frames_max.value_or(UINT64_MAX);
  for (uint64_t frame = 1; frame <= last; frame++) {
    OBJCTL_DO(frames.refresh(screen));
    if (frame == last) break;
    next = std::max(next + interval, Clock::now());  // a slow answer is not made up for
    Screen::Event event = screen.wait_until(next);
    for (; event == Screen::Event::kResized; event = screen.wait_until(next)) {
      OBJCTL_DO(frames.paint(screen));
    }
    if (event == Screen::Event::kQuit) break;
  }
  return {};
}

}  // namespace objctl
