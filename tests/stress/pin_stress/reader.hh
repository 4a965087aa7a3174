// SPDX-License-Identifier: Apache-2.0
// tests/stress/pin_stress/reader.hh -- gets objects as fast as it can, and looks at every byte.
#pragma once

#include <cstdint>
#include <string>

#include "tests/stress/pin_stress/scoreboard.hh"

namespace obj {

// Until board.stop. Returns an exit code: not 0 if a call fails for no good reason. Wrong bytes are
// counted in board.wrong.
int run_reader(const std::string& socket, uint64_t seed, Scoreboard& board);

}  // namespace obj
