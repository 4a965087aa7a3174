// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_failure.hh -- why an object or a bundle was not had.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hh"
#include "base/object_id.hh"
#include "fabric/pull/source.hh"

namespace obj {

struct PullFailure {
  Error error{ErrorCode::kNotFound};
  ObjectId object{};                 // the one that was the reason
  std::optional<SourceNode> node{};  // the source it failed at, if it was one
  uint64_t need_bytes = 0;           // kTooLarge: what was asked for ...
  uint64_t capacity_bytes = 0;       // ... and what there is
};

// "object 0123...: stale, at read from node 4 (incarnation 7)". For people.
std::string to_text(const PullFailure& failure);

}  // namespace obj
