// SPDX-License-Identifier: Apache-2.0
// tools/objctl/top_page.hh -- one frame of `top`: how much a second, and who. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "tools/objctl/json_fields.hh"

namespace objctl {

// Rates come from the counters of two reports `elapsed_s` apart. `before` null: no rates yet, and
// a restart of objd in between (another incarnation, or counters that fell) gives none either.
std::string top_page(const Json& now, const Json& before, double elapsed_s, size_t columns);

}  // namespace objctl
