// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/pull_failure.hh"

namespace obj {

std::string to_text(const PullFailure& failure) {
  std::string text = "object " + to_hex(failure.object) + ": " + to_string(failure.error.code);
  if (failure.error.where[0] != '\0') text += std::string(", ") + failure.error.where;
  if (failure.node) {
    text += " (node " + std::to_string(failure.node->node) + ", incarnation " +
            std::to_string(failure.node->incarnation) + ")";
  }
  if (failure.capacity_bytes != 0) {
    text += ": " + std::to_string(failure.need_bytes) +
            " bytes are needed at once, the arena has " + std::to_string(failure.capacity_bytes);
  }
  return text;
}

}  // namespace obj
