// SPDX-License-Identifier: Apache-2.0
// tools/objctl/completion.cc -- `objctl completion`: the shell's completion script.
#include "tools/objctl/commands.hh"
#include "tools/objctl/completion_script.hh"
#include "tools/objctl/descriptor.hh"

namespace objctl {

Outcome<int> run(const CompletionOptions&, const GlobalOptions&) {
  // The command line admits only bash so far.
  OBJCTL_DO(print(kBashCompletion));
  return kExitOk;
}

}  // namespace objctl
