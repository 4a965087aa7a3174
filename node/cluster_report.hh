// SPDX-License-Identifier: Apache-2.0
// node/cluster_report.hh -- what operators ask about the cluster, as JSON text.
//
// The fields are listed in docs/man/objctl.1.scd. A node that is alone, or whose directory does not
// answer, says so in "error".
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/object_id.hh"
#include "node/cluster.hh"

namespace obj {

using ReportReader = std::function<void(const std::string& text)>;

// `cluster` null: the node is alone.
std::string transfers_report(Cluster* cluster, uint64_t now_ns);
// `done` is called once, now or later.
void report_nodes(Cluster* cluster, uint64_t now_ns, const ReportReader& done);
void report_locations(Cluster* cluster, const ObjectId& id, uint64_t now_ns,
                      const ReportReader& done);

// {"node": 7, ...}: the part of the status report that is about the cluster, as JSON text.
std::string cluster_summary(Cluster& cluster);

}  // namespace obj
