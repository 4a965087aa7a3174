// SPDX-License-Identifier: Apache-2.0
// tools/objctl/status_tables.hh -- the tables of the status page. Pure.
//
// Each is empty where the report has nothing for it, or ends in a newline.
#pragma once

#include <string>

#include "tools/objctl/json_fields.hh"

namespace objctl {

std::string ledger_lines(const Json& status);
std::string blocker_lines(const Json& status);
std::string session_lines(const Json& status);
std::string counter_lines(const Json& status);
std::string option_lines(const Json& status);

// One cell: grouped digits or a size; "-" for what is no such number.
std::string count_cell(const Json& value);
std::string size_cell(const Json& value);

}  // namespace objctl
