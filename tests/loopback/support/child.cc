// SPDX-License-Identifier: Apache-2.0
#include "tests/loopback/support/child.hh"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/check.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

std::pair<UniqueFd, UniqueFd> make_line() {
  int ends[2];
  OBJ_CHECK(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace

void TalkLine::say(const std::string& message) const {
  // A process that is gone does not listen; the one who waits for its answer notices.
  [[maybe_unused]] const ssize_t sent =
      ::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL);
}

std::string TalkLine::hear() const {
  pollfd interest{socket_.get(), POLLIN, 0};
  if (::poll(&interest, 1, static_cast<int>(kPatienceMs)) != 1) return {};
  std::string message(4096, '\0');
  const ssize_t size = ::recv(socket_.get(), message.data(), message.size(), 0);
  message.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return message;
}

Child::Child(const std::function<int(TalkLine&)>& body) : line_(UniqueFd(-1)) {
  auto [ours, childs] = make_line();
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  OBJ_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    // A test that is killed leaves no processes behind.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ours = UniqueFd(-1);
    TalkLine line(std::move(childs));
    const int code = body(line);
    std::fflush(nullptr);
    ::_exit(code);
  }
  line_ = TalkLine(std::move(ours));
}

Child::Child(Child&& other) noexcept
    : line_(std::move(other.line_)),
      pid_(std::exchange(other.pid_, -1)),
      is_over_(std::exchange(other.is_over_, true)) {}

Child::~Child() { kill(); }

int Child::wait() {
  if (!is_over_) end_ = wait_for_process(pid_);
  is_over_ = true;
  return end_;
}

int Child::kill() {
  if (!is_over_) ::kill(pid_, SIGKILL);
  return wait();
}

int wait_for_process(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) OBJ_CHECK(errno == EINTR);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace obj
