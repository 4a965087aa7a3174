// SPDX-License-Identifier: Apache-2.0
// tools/objctl/cluster_pages.hh -- what objd reports of the cluster as pages for people. Pure.
//
// What the JSON lacks the page leaves out; see json_fields.hh. All text of it is made printable.
#pragma once

#include <string>

#include "tools/objctl/json_fields.hh"
#include "tools/objctl/object_name.hh"

namespace objctl {

// The "cluster" part of the status report. Empty if this node is alone.
std::string cluster_lines(const Json& status);

// The nodes that the directory knows, by number.
std::string nodes_page(const Json& report);

// The copies of one object: a line for it, and one for each copy.
std::string where_page(const ObjectName& object, const Json& report);
bool is_somewhere(const Json& report);

// What is on its way here. With a report of `elapsed_s` before (null: none) the rates are what came
// in since, else what objd observed of the sources.
std::string transfers_page(const Json& now, const Json& before, double elapsed_s);

}  // namespace objctl
