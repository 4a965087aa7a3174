// SPDX-License-Identifier: Apache-2.0
// tools/objctl/where.cc -- `objctl where`: which nodes have an object.
#include <algorithm>

#include "tools/objctl/cluster_pages.hh"
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/status_report.hh"

namespace objctl {

Outcome<int> run(const WhereOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  int worst = kExitOk;
  for (const ObjectName& object : options.objects) {
    const Outcome<Json> found = location_report(session, object);
    if (!found.has_value()) {
      worst = std::max(worst, report(found.error(), global));
      if (found.error().status == OBJ_EDISCONNECTED) break;
      continue;
    }
    OBJCTL_DO(print(global.json ? json_line(*found) : where_page(object, *found)));
    if (!is_somewhere(*found)) worst = std::max<int>(worst, kExitFailed);
  }
  return worst;
}

}  // namespace objctl
