// SPDX-License-Identifier: Apache-2.0
// tools/objctl/storage_page.hh -- the "storage" part of the status report, for people. Pure.
#pragma once

#include <string>

#include "tools/objctl/json_fields.hh"

namespace objctl {

// For the status page. Empty if this node has no storage.
std::string storage_lines(const Json& status);

// The whole of it, with a line for each directory. `storage`: field(status, "storage").
std::string storage_page(const Json& storage);

}  // namespace objctl
