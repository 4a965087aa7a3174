// SPDX-License-Identifier: Apache-2.0
// tools/objctl/status_report.hh -- the daemon's state, asked for and parsed.
#pragma once

#include <cstdint>

#include "tools/objctl/json_fields.hh"
#include "tools/objctl/session.hh"

namespace objctl {

// `flags`: OBJ_STATUS_AUDIT or 0. OBJ_ESYSTEM if the answer is no JSON object.
Outcome<Json> status_report(const Session& session, uint32_t flags);

}  // namespace objctl
