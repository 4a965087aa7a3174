// SPDX-License-Identifier: Apache-2.0
// tools/objctl/failure.hh -- why a command failed, and how that is told.
#pragma once

#include <obj/obj.h>

#include <expected>
#include <string>
#include <utility>

namespace objctl {

// Part of the interface: scripts depend on these. See EXIT STATUS in docs/man/objctl.1.scd.
enum ExitCode : int { kExitOk = 0, kExitFailed = 1, kExitUsage = 2, kExitNoDaemon = 3 };

struct Failure {
  int status;         // enum obj_status
  std::string what;   // what was being done, e.g. "get name:model"
  std::string cause;  // a sentence
};

// A value, or why there is none. std::expected alone may be dropped silently.
template <class T>
struct [[nodiscard]] Outcome : std::expected<T, Failure> {
  using std::expected<T, Failure>::expected;
};

// Of the call into libobj that just failed with `status` on this thread.
std::unexpected<Failure> library_failure(int status, std::string what);
// Of the system call that just failed with `system_errno`.
std::unexpected<Failure> system_failure(int system_errno, std::string what);

ExitCode exit_code(const Failure& failure);

// One line: "objctl: WHAT: CAUSE", or {"error":"WHAT: CAUSE","status":"OBJ_E..."}.
std::string failure_line(const Failure& failure, bool as_json);

}  // namespace objctl

#define OBJCTL_CONCAT_INNER(a, b) a##b
#define OBJCTL_CONCAT(a, b) OBJCTL_CONCAT_INNER(a, b)

// Declares `target` from the value of `expression`, or returns its Failure from this function.
#define OBJCTL_TRY(target, expression) \
  OBJCTL_TRY_AS(OBJCTL_CONCAT(objctl_try_, __LINE__), target, expression)
#define OBJCTL_TRY_AS(name, target, expression)                \
  auto name = (expression);                                    \
  if (!name.has_value()) return std::unexpected(name.error()); \
  target = std::move(name).value()

// The same where there is no value.
#define OBJCTL_DO(expression)                                  \
  do {                                                         \
    if (auto objctl_do = (expression); !objctl_do.has_value()) \
      return std::unexpected(objctl_do.error());               \
  } while (false)
