// SPDX-License-Identifier: Apache-2.0
// tools/objctl/top.cc -- `objctl top`: the daemon's state, refreshed in place.
#include <chrono>

#include "tools/objctl/commands.hh"
#include "tools/objctl/frames.hh"
#include "tools/objctl/session.hh"
#include "tools/objctl/status_report.hh"
#include "tools/objctl/terminal.hh"
#include "tools/objctl/top_page.hh"

namespace objctl {
namespace {

using Clock = std::chrono::steady_clock;

class Top : public Frames {
 public:
  Top(const Session& session, bool as_json) : session_(session), as_json_(as_json) {}

  Outcome<void> refresh(Screen& screen) override {
    OBJCTL_TRY(Json status, status_report(session_, 0));
    before_ = std::exchange(now_, std::move(status));
    const auto asked = Clock::now();
    elapsed_s_ = std::chrono::duration<double>(asked - std::exchange(asked_, asked)).count();
    if (as_json_) return print(json_line(now_));
    return paint(screen);
  }

  Outcome<void> paint(Screen& screen) override {
    if (as_json_) return {};
    const size_t columns = terminal_size(STDOUT_FILENO).columns;
    return screen.show(top_page(now_, before_, elapsed_s_, columns));
  }

 private:
  const Session& session_;
  const bool as_json_;
  Json now_;
  Json before_;  // null at the first frame
  Clock::time_point asked_ = Clock::now();
  double elapsed_s_ = 0;
};

}  // namespace

Outcome<int> run(const TopOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  Top top(session, global.json);
  OBJCTL_DO(show_frames(top, options.frames_max, options.interval_s));
  return kExitOk;
}

}  // namespace objctl
