// SPDX-License-Identifier: Apache-2.0
// tools/objbench/remote_output.hh -- how the result of a load between nodes is told.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/objbench/remote_load.hh"

namespace objbench {

// The load, its rates, and percentiles of the gets in ns.
nlohmann::ordered_json json_of(const RemoteSpec& spec, const RemoteTally& tally);

// The same for people, with the "comparison" of the report if it has one.
std::string remote_text_of(const nlohmann::ordered_json& report);

}  // namespace objbench
