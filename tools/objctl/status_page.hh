// SPDX-License-Identifier: Apache-2.0
// tools/objctl/status_page.hh -- the JSON of obj_status() as a page for people. Pure.
//
// What the JSON lacks the page leaves out; see json_fields.hh. All text of it is made printable.
#pragma once

#include <cstddef>
#include <string>

#include "tools/objctl/json_fields.hh"

namespace objctl {

// The whole page: daemon, arena, ledger, table, cluster, blockers, counters, sessions, options,
// audit.
std::string status_page(const Json& status);

// The parts that `top` shows too; each is empty or ends in a newline.
std::string daemon_line(const Json& status);
std::string arena_lines(const Json& status, size_t bar_cells);
std::string table_line(const Json& status);

// What the recount of an audit found. Empty if none was made.
std::string audit_lines(const Json& status);
// True also if no audit was made.
bool audit_agrees(const Json& status);

}  // namespace objctl
