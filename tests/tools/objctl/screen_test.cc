// SPDX-License-Identifier: Apache-2.0
// Goal: whatever ends the screen, the terminal is given back as it was.
// Method: a child behind a pseudo-terminal shows a page, and the test plays the user.
#include "tools/objctl/screen.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>

#include <csignal>

namespace objctl {
namespace {

constexpr const char* kEnter = "\x1b[?1049h";
constexpr const char* kLeave = "\x1b[?1049l";

// Shows one page until it is told to quit. Exit code 7: left in order.
[[noreturn]] void show_a_page() {
  {
    auto signals = Screen::watch_signals();
    if (!signals.has_value()) ::_exit(1);
    Screen screen(std::move(*signals));
    if (!screen.show("first line\nsecond line\n").has_value()) ::_exit(2);
    const auto never = std::chrono::steady_clock::now() + std::chrono::hours(1);
    while (screen.wait_until(never) != Screen::Event::kQuit) {
    }
  }
  ::_exit(7);
}

class ChildOnTerminal {
 public:
  ChildOnTerminal() {
    winsize size = {10, 40, 0, 0};
    child_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    if (child_ == 0) show_a_page();
  }
  ~ChildOnTerminal() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(terminal_);
  }

  // All that the child wrote until `text` was among it, or until it hung up.
  std::string read_until(const std::string& text) {
    char bytes[4096];
    while (seen_.find(text) == std::string::npos) {
      const ssize_t got = ::read(terminal_, bytes, sizeof bytes);
      if (got <= 0) break;
      seen_.append(bytes, static_cast<size_t>(got));
    }
    return seen_;
  }
  void type(char key) { EXPECT_EQ(::write(terminal_, &key, 1), 1); }
  void signal(int number) { EXPECT_EQ(::kill(child_, number), 0); }
  bool echoes() const {
    termios settings = {};
    EXPECT_EQ(::tcgetattr(terminal_, &settings), 0);
    return (settings.c_lflag & ECHO) != 0;
  }
  int wait_stopped() {
    int status = 0;
    EXPECT_EQ(::waitpid(child_, &status, WUNTRACED), child_);
    return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
  }
  int exit_code() {
    int status = 0;
    EXPECT_EQ(::waitpid(child_, &status, 0), child_);
    child_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  int terminal_ = -1;
  pid_t child_ = 0;
  std::string seen_;
};

TEST(Screen, is_borrowed_and_given_back_on_q) {
  ChildOnTerminal child;
  const std::string shown = child.read_until("second line");
  EXPECT_NE(shown.find(kEnter), std::string::npos);
  EXPECT_EQ(shown.find(kLeave), std::string::npos);
  EXPECT_FALSE(child.echoes());
  child.type('x');
  child.type('q');
  EXPECT_NE(child.read_until(kLeave).find(kLeave), std::string::npos);
  EXPECT_EQ(child.exit_code(), 7);
  EXPECT_TRUE(child.echoes());
}

TEST(Screen, is_given_back_on_signals_that_end_a_process) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    ChildOnTerminal child;
    child.read_until("second line");
    child.signal(signal);
    EXPECT_NE(child.read_until(kLeave).find(kLeave), std::string::npos) << signal;
    EXPECT_EQ(child.exit_code(), 7) << signal;
    EXPECT_TRUE(child.echoes()) << signal;
  }
}

TEST(Screen, is_given_back_on_control_c) {
  ChildOnTerminal child;
  child.read_until("second line");
  child.type('\x03');
  EXPECT_NE(child.read_until(kLeave).find(kLeave), std::string::npos);
  EXPECT_EQ(child.exit_code(), 7);
}

TEST(Screen, is_given_back_while_the_process_is_stopped) {
  ChildOnTerminal child;
  child.read_until("second line");
  child.signal(SIGTSTP);
  EXPECT_EQ(child.wait_stopped(), SIGSTOP);
  EXPECT_TRUE(child.echoes());
  EXPECT_NE(child.read_until(kLeave).find(kLeave), std::string::npos);
  child.signal(SIGCONT);
  child.type('q');
}

TEST(Screen, is_no_screen_where_output_is_no_terminal) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    auto signals = Screen::watch_signals();
    Screen screen(std::move(*signals));
    const bool shown = screen.show("one\n").has_value() && screen.show("two\n").has_value();
    ::_exit(shown ? 7 : 1);
  }
  ::close(ends[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  char bytes[64] = {};
  EXPECT_GT(::read(ends[0], bytes, sizeof bytes - 1), 0);
  EXPECT_STREQ(bytes, "one\n\ntwo\n");
  ::close(ends[0]);
}

}  // namespace
}  // namespace objctl
