// SPDX-License-Identifier: Apache-2.0
// tests/sim/violation.hh -- the first broken invariant of a run.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace obj::sim {

// Recorded rather than asserted on, so that a run of a mutant can tell which invariant caught it.
// The text starts with the invariant's name.
class Violation {
 public:
  void note(std::string text) {
    if (!text_) text_ = std::move(text);
  }
  void check(bool holds, const char* text) {
    if (!holds) note(text);
  }
  const std::optional<std::string>& text() const { return text_; }

 private:
  std::optional<std::string> text_;
};

}  // namespace obj::sim
