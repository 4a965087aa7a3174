// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/supervisor.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "base/clock.hh"
#include "base/unique_fd.hh"

namespace objbench {
namespace {

constexpr size_t kResultBytesMax = 32
                                   << 10;  // half of a pipe: the writer never waits for the reader
constexpr char kGood = '+';
constexpr char kBad = '-';
constexpr const char* kOvercommitFile = "/proc/sys/vm/nr_overcommit_hugepages";

std::string overcommit() {
  std::ifstream file(kOvercommitFile);
  std::string pages;
  std::getline(file, pages);
  return pages;
}

timespec remaining(uint64_t deadline_ns) {
  const uint64_t now_ns = obj::monotonic_ns();
  const uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
  return {static_cast<time_t>(left_ns / 1'000'000'000), static_cast<long>(left_ns % 1'000'000'000)};
}

std::string read_all(int fd) {
  std::string text(kResultBytesMax + 1, '\0');
  const ssize_t count = ::read(fd, text.data(), text.size());
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return text;
}

std::string fate_text(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("the measuring process was killed by signal {}", WTERMSIG(status));
  }
  return fmt::format("the measuring process exited with status {}", WEXITSTATUS(status));
}

}  // namespace

Supervisor::Supervisor() : overcommit_before_(overcommit()) {
  ::sigemptyset(&held_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&held_, number);
  ::sigprocmask(SIG_BLOCK, &held_, &before_);
  // Grandchildren whose parent died become ours, so that we can wait until they are gone.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Supervisor::~Supervisor() {
  if (overcommit() != overcommit_before_) std::ofstream(kOvercommitFile) << overcommit_before_;
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

Outcome<std::string> Supervisor::run(const Body& body, uint32_t deadline_s) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("pipe2");
  const obj::UniqueFd reader(ends[0]);
  obj::UniqueFd writer(ends[1]);
  std::fflush(nullptr);  // or the child would hold a copy of what is not yet written
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return system_failure("fork");
  if (child == 0) run_as_child(body, parent, writer.get());
  ::setpgid(child, child);  // here too, so that the group exists before it can be killed
  writer = obj::UniqueFd(-1);
  const auto ended = wait_for(child, deadline_s);
  end_group(child);
  if (!ended) return std::unexpected(ended.error());
  std::string text = read_all(reader.get());
  if (text.empty()) return std::unexpected("the measuring process ended without a result");
  const bool is_good = text.front() == kGood;
  text.erase(0, 1);
  if (!is_good) return std::unexpected(text);
  return text;
}

void Supervisor::run_as_child(const Body& body, pid_t parent, int output) const {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  const Outcome<std::string> outcome = body();
  std::string text = outcome ? kGood + *outcome : kBad + outcome.error();
  text.resize(std::min(text.size(), kResultBytesMax));
  const ssize_t written = ::write(output, text.data(), text.size());
  ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
}

// Until `child` has ended by itself; a failure if it did not, or did not end well.
Outcome<void> Supervisor::wait_for(pid_t child, uint32_t deadline_s) {
  const uint64_t deadline_ns = obj::monotonic_ns() + uint64_t{deadline_s} * 1'000'000'000;
  while (true) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      if (status != 0) return std::unexpected(fate_text(status));
      return {};
    }
    const timespec left = remaining(deadline_ns);
    const int number = ::sigtimedwait(&held_, nullptr, &left);
    if (number < 0 && errno == EAGAIN) {
      return std::unexpected(fmt::format("it did not end within {} s", deadline_s));
    }
    if (number > 0 && number != SIGCHLD) {
      signal_ = number;
      return std::unexpected(fmt::format("interrupted by signal {}", number));
    }
  }
}

// Kills what is left of the group and waits until it is gone.
void Supervisor::end_group(pid_t child) const {
  ::kill(-child, SIGKILL);
  while (::waitpid(-child, nullptr, 0) > 0 || errno == EINTR) {
  }
}

}  // namespace objbench
