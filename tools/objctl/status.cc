// SPDX-License-Identifier: Apache-2.0
// tools/objctl/status.cc -- `objctl status`: how the daemon is.
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/session.hh"
#include "tools/objctl/status_page.hh"
#include "tools/objctl/status_report.hh"

namespace objctl {

Outcome<int> run(const StatusOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  OBJCTL_TRY(const Json status, status_report(session, options.audit ? OBJ_STATUS_AUDIT : 0));
  OBJCTL_DO(print(global.json ? json_line(status) : status_page(status)));
  return audit_agrees(status) ? kExitOk : kExitFailed;
}

}  // namespace objctl
