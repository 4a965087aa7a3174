// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/path_state.hh -- how far the way to an owner has come.
#pragma once

#include <cstdint>
#include <string>

#include "fabric/source_node.hh"

namespace obj::verbs {

enum class PathState : uint8_t { kConnecting, kUp, kDown };

// For people, and for whoever has another way to read.
struct PathReport {
  SourceNode node;
  PathState state = PathState::kDown;
  uint32_t lanes_up = 0;
  uint32_t lanes = 0;
  std::string text;  // what it goes over; why it is down
};

}  // namespace obj::verbs
