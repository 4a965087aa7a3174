// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/screen.hh"

#include <poll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iterator>

#include "tools/objctl/terminal.hh"

namespace objctl {
namespace {

constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l";  // alternate screen, no cursor
constexpr const char* kLeave = "\x1b[?25h\x1b[?1049l";
constexpr const char* kHome = "\x1b[H";
constexpr const char* kEraseToEndOfLine = "\x1b[K";
constexpr const char* kEraseBelow = "\x1b[J";

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) {
    ::sigaddset(&set, signal);
  }
  return set;
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT32_MAX));
}

}  // namespace

Outcome<Descriptor> Screen::watch_signals() {
  const sigset_t set = watched_signals();
  Descriptor signals(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!signals.is_open()) return system_failure(errno, "signalfd");
  return signals;
}

Screen::Screen(Descriptor signals)
    : signals_(std::move(signals)),
      is_terminal_(is_terminal(STDOUT_FILENO)),
      has_keys_(is_terminal_ && is_terminal(STDIN_FILENO)) {
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Screen::~Screen() {
  leave();
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

Outcome<void> Screen::show(const std::string& page) {
  if (!is_terminal_) {
    const bool is_first = std::exchange(is_first_page_, false);
    return print(is_first ? page : "\n" + page);
  }
  if (!is_entered_) enter();
  std::string painted = kHome;
  for (const char byte : fit(page, terminal_size(STDOUT_FILENO))) {
    // Each line is erased after it is painted: a screen that is cleared first flickers.
    if (byte == '\n') painted += kEraseToEndOfLine;
    painted += byte;
  }
  return print(painted + kEraseToEndOfLine + kEraseBelow);
}

Screen::Event Screen::wait_until(std::chrono::steady_clock::time_point deadline) {
  while (true) {
    // A negative descriptor is skipped by poll(2).
    pollfd sources[] = {{signals_.get(), POLLIN, 0}, {has_keys_ ? STDIN_FILENO : -1, POLLIN, 0}};
    const int ready = ::poll(sources, std::size(sources), milliseconds_until(deadline));
    if (ready == 0) return Event::kTimeUp;
    if (sources[0].revents != 0) return on_signal();
    if (sources[1].revents != 0 && quit_was_typed()) return Event::kQuit;
  }
}

void Screen::enter() {
  if (has_keys_ && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    is_echo_off_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
  }
  const auto ignored = print(kEnter);  // show() tells of a terminal that is gone
  static_cast<void>(ignored);
  is_entered_ = true;
}

void Screen::leave() {
  if (!is_entered_) return;
  if (is_echo_off_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  const auto ignored = print(kLeave);
  static_cast<void>(ignored);
  is_entered_ = false;
}

Screen::Event Screen::on_signal() {
  signalfd_siginfo info = {};
  if (::read(signals_.get(), &info, sizeof info) != sizeof info) return Event::kQuit;
  switch (static_cast<int>(info.ssi_signo)) {
    case SIGWINCH: return Event::kResized;
    case SIGTSTP:
      leave();
      ::raise(SIGSTOP);
      return Event::kResized;
    default: return Event::kQuit;
  }
}

bool Screen::quit_was_typed() {
  char key = 0;
  if (::read(STDIN_FILENO, &key, 1) == 1) return key == 'q' || key == 'Q';
  has_keys_ = false;  // hung up: nothing more will come
  return false;
}

}  // namespace objctl
