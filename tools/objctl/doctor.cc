// SPDX-License-Identifier: Apache-2.0
// tools/objctl/doctor.cc -- `objctl doctor`: what is wrong here, and the line that mends it.
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/examination.hh"
#include "tools/objctl/gathering.hh"
#include "tools/objctl/status_report.hh"

namespace objctl {
namespace {

Outcome<Json> ask(const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  return status_report(session, 0);
}

std::optional<pid_t> process_of(const Json& status) {
  const auto pid = as_count(field(status, "pid"));
  if (!pid || *pid > INT32_MAX) return std::nullopt;
  return static_cast<pid_t>(*pid);
}

}  // namespace

// That no objd answers is a finding like others, not a failure of the examination.
Outcome<int> run(const DoctorOptions& options, const GlobalOptions& global) {
  MachineFacts facts;
  facts.socket = global.socket;
  const Outcome<Json> status = ask(global);
  if (status.has_value()) {
    gather_daemon(*status, facts);
  } else {
    facts.daemon_absent = status.error().cause;
  }
  gather_machine(status.has_value() ? process_of(*status) : std::nullopt, facts);
  gather_plan(options, facts);
  const std::vector<Finding> findings = examine(facts);
  OBJCTL_DO(print(global.json ? examination_json(findings) : examination_page(findings)));
  return has_problem(findings) ? kExitFailed : kExitOk;
}

}  // namespace objctl
