// SPDX-License-Identifier: Apache-2.0
// tools/objctl/screen.hh -- the screen that `top` borrows from the terminal.
#pragma once

#include <termios.h>

#include <chrono>
#include <string>

#include "tools/objctl/descriptor.hh"
#include "tools/objctl/failure.hh"

namespace objctl {

// A page that is shown again and again. On a terminal it lives on the alternate screen, and keys
// are read without echo; elsewhere each page is printed, with an empty line between two. What was
// there is given back on every way out: SIGINT, SIGTERM, SIGHUP and SIGQUIT become events here, and
// SIGTSTP (Ctrl-Z) gives the terminal back while the process stops.
//
// Threads: blocks those signals in its thread while it exists. One at a time.
class Screen {
 public:
  enum class Event { kTimeUp, kResized, kQuit };

  // The descriptor that a Screen learns of signals by.
  static Outcome<Descriptor> watch_signals();

  explicit Screen(Descriptor signals);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // `page`: lines, each with its newline. On a terminal what does not fit is cut.
  Outcome<void> show(const std::string& page);
  // Waits until `deadline`, a key or a signal. kQuit: q, Ctrl-C or a signal that ends a process.
  Event wait_until(std::chrono::steady_clock::time_point deadline);

 private:
  void enter();
  void leave();
  Event on_signal();
  bool quit_was_typed();

  Descriptor signals_;  // signalfd
  const bool is_terminal_;
  bool has_keys_;  // standard input is a terminal too, and not hung up
  bool is_first_page_ = true;
  bool is_entered_ = false;
  bool is_echo_off_ = false;
  termios before_{};  // valid while is_echo_off_
};

}  // namespace objctl
