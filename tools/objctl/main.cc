// SPDX-License-Identifier: Apache-2.0
// tools/objctl/main.cc -- the operator's tool.
#include "tools/objctl/command_line.hh"
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/interruption.hh"

int main(int argc, char** argv) {
  using namespace objctl;
  const auto invocation = parse_command_line({argv + 1, argv + argc});
  if (!invocation) {
    complain(invocation.error().error);
    const auto printed = print(invocation.error().out);
    return printed.has_value() ? invocation.error().exit_code : kExitFailed;
  }
  const int exit_code = carry_out(*invocation);
  Interruption::die_if_noted();
  return exit_code;
}
