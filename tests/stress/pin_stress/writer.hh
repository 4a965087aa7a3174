// SPDX-License-Identifier: Apache-2.0
// tests/stress/pin_stress/writer.hh -- makes objects as fast as it can, so that others must go.
#pragma once

#include <string>

#include "tests/stress/pin_stress/scoreboard.hh"

namespace obj {

// Until board.stop. Returns an exit code: not 0 if a put fails for no good reason.
int run_writer(const std::string& socket, Scoreboard& board);

}  // namespace obj
