// SPDX-License-Identifier: Apache-2.0
// tools/objctl/nodes.cc -- `objctl nodes`: who is in the cluster.
#include "tools/objctl/cluster_pages.hh"
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/status_report.hh"

namespace objctl {

Outcome<int> run(const NodesOptions&, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  OBJCTL_TRY(const Json report, cluster_report(session, OBJ_STATUS_NODES, "nodes"));
  OBJCTL_DO(print(global.json ? json_line(report) : nodes_page(report)));
  return kExitOk;
}

}  // namespace objctl
