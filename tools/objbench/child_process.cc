// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/child_process.hh"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace objbench {
namespace {

constexpr int kCannotExecute = 127;

// The kernel kills this process when `parent` ends, even if that has happened already.
void end_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
}

int become(const ChildProcess::Program& program) {
  if (program.output >= 0) ::dup2(program.output, STDOUT_FILENO);
  if (program.error >= 0) ::dup2(program.error, STDERR_FILENO);
  for (const std::string& entry : program.environment) {
    const size_t equals = entry.find('=');
    ::setenv(entry.substr(0, equals).c_str(), entry.substr(equals + 1).c_str(), 1);
  }
  std::vector<char*> argv{const_cast<char*>(program.path.c_str())};
  for (const std::string& text : program.arguments) argv.push_back(const_cast<char*>(text.c_str()));
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  return kCannotExecute;
}

}  // namespace

Outcome<ChildProcess> ChildProcess::fork(const std::function<int()>& body) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return system_failure("fork");
  if (pid == 0) {
    end_with(parent);
    ::_exit(body());  // neither flushes the parent's buffers nor runs its destructors
  }
  // Not glibc's pidfd_open(): version 2.36 declares it without extern "C".
  obj::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ChildProcess child(pid, std::move(pidfd));
  if (child.pidfd() < 0) return system_failure("pidfd_open");
  return child;
}

Outcome<ChildProcess> ChildProcess::execute(const Program& program) {
  return fork([&program] { return become(program); });
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      pidfd_(std::move(other.pidfd_)),
      wait_status_(other.wait_status_) {}

ChildProcess::~ChildProcess() {
  if (pid_ == 0 || wait_status_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool ChildProcess::wait(int timeout_ms) {
  if (wait_status_) return true;
  pollfd ended{pidfd_.get(), POLLIN, 0};
  int count = ::poll(&ended, 1, timeout_ms);
  while (count < 0 && errno == EINTR) count = ::poll(&ended, 1, timeout_ms);
  int status = 0;
  if (count <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  wait_status_ = status;
  return true;
}

std::string ChildProcess::fate() {
  if (!wait(0)) return "";
  if (WIFSIGNALED(*wait_status_))
    return fmt::format("killed by signal {}", WTERMSIG(*wait_status_));
  const int status = WEXITSTATUS(*wait_status_);
  if (status == kCannotExecute) return "could not be started";
  return fmt::format("exited with status {}", status);
}

Outcome<void> ChildProcess::join(int timeout_ms) {
  if (!wait(timeout_ms)) {
    return std::unexpected(fmt::format("process {} did not end in {} ms", pid_, timeout_ms));
  }
  if (*wait_status_ != 0) return std::unexpected(fmt::format("process {} {}", pid_, fate()));
  return {};
}

void ChildProcess::signal(int number) const { ::kill(pid_, number); }

}  // namespace objbench
