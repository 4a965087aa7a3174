// SPDX-License-Identifier: Apache-2.0
// tools/objctl/status_report.hh -- what objd reports, asked for and parsed.
#pragma once

#include <cstdint>

#include "tools/objctl/json_fields.hh"
#include "tools/objctl/object_name.hh"
#include "tools/objctl/session.hh"

namespace objctl {

// The daemon's state. `topic`: OBJ_STATUS_AUDIT or 0. OBJ_ESYSTEM if the answer is no JSON object,
// here and below.
Outcome<Json> status_report(const Session& session, uint32_t topic);

// Of the cluster: `topic` is OBJ_STATUS_NODES or OBJ_STATUS_TRANSFERS, `what` the command.
// OBJ_EUNAVAILABLE, with objd's sentence, if objd is alone or its directory does not answer.
Outcome<Json> cluster_report(const Session& session, uint32_t topic, const std::string& what);

// Where the copies of an object are. Errors as cluster_report().
Outcome<Json> location_report(const Session& session, const ObjectName& object);

}  // namespace objctl
