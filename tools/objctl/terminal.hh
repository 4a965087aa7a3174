// SPDX-License-Identifier: Apache-2.0
// tools/objctl/terminal.hh -- whether there is a terminal, and how much fits on it.
#pragma once

#include <cstddef>
#include <string>

namespace objctl {

bool is_terminal(int fd);

struct TerminalSize {
  size_t columns;
  size_t lines;
};
// Of the terminal behind `fd`; 80 x 24 where there is none or it does not say.
TerminalSize terminal_size(int fd);

// The lines and columns of `page` that fit, without a newline after the last line.
std::string fit(const std::string& page, TerminalSize size);

}  // namespace objctl
