// SPDX-License-Identifier: Apache-2.0
// tools/objbench/load_output.hh -- how a load's result is told.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/objbench/load.hh"

namespace objbench {

// The spec, the rate, and per operation its count and latencies in ns.
nlohmann::ordered_json json_of(const LoadSpec& spec, const LoadTally& tally,
                               const std::string& pages);

// The same report for people.
std::string text_of(const nlohmann::ordered_json& report);

}  // namespace objbench
