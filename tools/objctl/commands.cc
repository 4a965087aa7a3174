// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/commands.hh"

#include "tools/objctl/descriptor.hh"

namespace objctl {

int carry_out(const Invocation& invocation) {
  const Outcome<int> outcome = std::visit(
      [&](const auto& options) { return run(options, invocation.global); }, invocation.command);
  return outcome.has_value() ? outcome.value() : report(outcome.error(), invocation.global);
}

int report(const Failure& failure, const GlobalOptions& global) {
  complain(failure_line(failure, global.json));
  return exit_code(failure);
}

}  // namespace objctl
