// SPDX-License-Identifier: Apache-2.0
// tools/objbench/outcome.hh -- a value, or the sentence that says why there is none.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace objbench {

// The sentences end up behind a figure's name, so they name the cause and, where there is one, the
// mend. std::expected alone may be dropped silently.
template <class T>
struct [[nodiscard]] Outcome : std::expected<T, std::string> {
  using std::expected<T, std::string>::expected;
};

// "CALL: TEXT OF errno".
std::unexpected<std::string> system_failure(const std::string& call);

}  // namespace objbench

#define OBJBENCH_CONCAT_INNER(a, b) a##b
#define OBJBENCH_CONCAT(a, b) OBJBENCH_CONCAT_INNER(a, b)

// Declares `target` from the value of `expression`, or returns its sentence from this function.
#define OBJBENCH_TRY(target, expression) \
  OBJBENCH_TRY_AS(OBJBENCH_CONCAT(objbench_try_, __LINE__), target, expression)
#define OBJBENCH_TRY_AS(name, target, expression)              \
  auto name = (expression);                                    \
  if (!name.has_value()) return std::unexpected(name.error()); \
  target = std::move(name).value()

// The same where there is no value.
#define OBJBENCH_DO(expression)                                    \
  do {                                                             \
    if (auto objbench_do = (expression); !objbench_do.has_value()) \
      return std::unexpected(objbench_do.error());                 \
  } while (false)
