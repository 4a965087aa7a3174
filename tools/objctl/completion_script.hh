// SPDX-License-Identifier: Apache-2.0
// tools/objctl/completion_script.hh -- the text of tools/completion/objctl, put in by the build.
#pragma once

namespace objctl {

extern const char* const kBashCompletion;

}  // namespace objctl
