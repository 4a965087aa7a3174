// SPDX-License-Identifier: Apache-2.0
// tools/objctl/transfers.cc -- `objctl transfers`: what is on its way to this node.
#include <chrono>

#include "tools/objctl/cluster_pages.hh"
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/frames.hh"
#include "tools/objctl/status_report.hh"

namespace objctl {
namespace {

using Clock = std::chrono::steady_clock;

Outcome<Json> ask(const Session& session) {
  return cluster_report(session, OBJ_STATUS_TRANSFERS, "transfers");
}

class TransferFrames : public Frames {
 public:
  TransferFrames(const Session& session, bool as_json) : session_(session), as_json_(as_json) {}

  Outcome<void> refresh(Screen& screen) override {
    OBJCTL_TRY(Json report, ask(session_));
    before_ = std::exchange(now_, std::move(report));
    const auto asked = Clock::now();
    elapsed_s_ = std::chrono::duration<double>(asked - std::exchange(asked_, asked)).count();
    if (as_json_) return print(json_line(now_));
    return paint(screen);
  }

  Outcome<void> paint(Screen& screen) override {
    if (as_json_) return {};
    return screen.show(transfers_page(now_, before_, elapsed_s_));
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

Outcome<int> run(const TransfersOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  if (options.watch) {
    TransferFrames frames(session, global.json);
    OBJCTL_DO(show_frames(frames, options.frames_max, options.interval_s));
    return kExitOk;
  }
  OBJCTL_TRY(const Json report, ask(session));
  OBJCTL_DO(print(global.json ? json_line(report) : transfers_page(report, Json(), 0)));
  return kExitOk;
}

}  // namespace objctl
