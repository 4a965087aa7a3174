// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/terminal.hh"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace objctl {
namespace {

// The bytes of `line` that fill at most `columns` columns.
std::string cut_line(const std::string& line, size_t columns) {
  size_t at = 0;
  for (size_t shown = 0; at < line.size(); at++) {
    const bool begins_character = (static_cast<uint8_t>(line[at]) & 0xc0) != 0x80;
    if (begins_character && shown++ == columns) break;
  }
  return line.substr(0, at);
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

TerminalSize terminal_size(int fd) {
  winsize size = {};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {80, 24};
  return {size.ws_col, size.ws_row};
}

std::string fit(const std::string& page, TerminalSize size) {
  std::string shown;
  size_t start = 0;
  for (size_t line = 0; line < size.lines && start < page.size(); line++) {
    const size_t end = std::min(page.find('\n', start), page.size());
    if (line > 0) shown += '\n';
    shown += cut_line(page.substr(start, end - start), size.columns);
    start = end + 1;
  }
  return shown;
}

}  // namespace objctl
