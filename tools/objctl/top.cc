// SPDX-License-Identifier: Apache-2.0
// tools/objctl/top.cc -- `objctl top`: the daemon's state, refreshed in place.
#include <algorithm>
#include <chrono>

#include "tools/objctl/commands.hh"
#include "tools/objctl/screen.hh"
#include "tools/objctl/session.hh"
#include "tools/objctl/status_report.hh"
#include "tools/objctl/terminal.hh"
#include "tools/objctl/top_page.hh"

namespace objctl {
namespace {

using Clock = std::chrono::steady_clock;

// The frames of one run.
class Top {
 public:
  Top(const Session& session, Screen& screen, bool as_json)
      : session_(session), screen_(screen), as_json_(as_json) {}

  // Asks objd, and shows what it says.
  Outcome<void> refresh() {
    OBJCTL_TRY(Json status, status_report(session_, 0));
    before_ = std::exchange(now_, std::move(status));
    const auto asked = Clock::now();
    elapsed_s_ = std::chrono::duration<double>(asked - std::exchange(asked_, asked)).count();
    if (as_json_) return print(json_line(now_));
    return paint();
  }

  // The same frame again, for a terminal of another size.
  Outcome<void> paint() {
    if (as_json_) return {};
    const size_t columns = terminal_size(STDOUT_FILENO).columns;
    return screen_.show(top_page(now_, before_, elapsed_s_, columns));
  }

 private:
  const Session& session_;
  Screen& screen_;
  const bool as_json_;
  Json now_;
  Json before_;  // null at the first frame
  Clock::time_point asked_ = Clock::now();
  double elapsed_s_ = 0;
};

}  // namespace

Outcome<int> run(const TopOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  OBJCTL_TRY(Descriptor signals, Screen::watch_signals());
  Screen screen(std::move(signals));
  Top top(session, screen, global.json);
  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(options.interval_s));
  auto next = Clock::now();
  const uint64_t frames_max = options.frames_max.value_or(UINT64_MAX);
  for (uint64_t frame = 1; frame <= frames_max; frame++) {
    OBJCTL_DO(top.refresh());
    if (frame == frames_max) break;
    next = std::max(next + interval, Clock::now());  // a slow answer is not made up for
    Screen::Event event = screen.wait_until(next);
    for (; event == Screen::Event::kResized; event = screen.wait_until(next)) {
      OBJCTL_DO(top.paint());
    }
    if (event == Screen::Event::kQuit) break;
  }
  return kExitOk;
}

}  // namespace objctl
