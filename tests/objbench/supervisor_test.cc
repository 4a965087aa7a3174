// SPDX-License-Identifier: Apache-2.0
// tests/objbench/supervisor_test.cc -- measurements that end badly: nothing of them is left.
#include "tools/objbench/supervisor.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "tools/objbench/child_process.hh"
#include "tools/objbench/shared_value.hh"
#include "tools/objbench/temporary_directory.hh"

namespace objbench {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kPlentyS = 60;

bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

int sleep_for_ever() {
  while (true) ::pause();
}

using Pid = std::atomic<pid_t>;

// A measurement that has started a process of its own, whose id it leaves in `grandchild`.
template <class End>
Supervisor::Body with_grandchild(const SharedValue<Pid>& grandchild, End end) {
  return [&grandchild, end]() -> Outcome<std::string> {
    OBJBENCH_TRY(const ChildProcess process, ChildProcess::fork(sleep_for_ever));
    *grandchild = process.pid();
    end();
    return "unreachable";
  };
}

TEST(Supervisor, gives_back_what_the_measurement_returned) {
  Supervisor supervisor;
  EXPECT_EQ(supervisor.run([] { return Outcome<std::string>("42"); }, kPlentyS).value(), "42");
  EXPECT_EQ(supervisor.run([] { return Outcome<std::string>(""); }, kPlentyS).value(), "");
  EXPECT_FALSE(supervisor.interrupted_by().has_value());
}

TEST(Supervisor, gives_back_why_there_is_no_result) {
  Supervisor supervisor;
  const auto outcome =
      supervisor.run([]() -> Outcome<std::string> { return std::unexpected("no disk"); }, kPlentyS);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error(), "no disk");
}

TEST(Supervisor, outlives_a_crash_and_ends_what_it_left_running) {
  Supervisor supervisor;
  const auto grandchild = SharedValue<Pid>::create();
  ASSERT_TRUE(grandchild.has_value());
  const auto outcome =
      supervisor.run(with_grandchild(*grandchild, [] { ::raise(SIGKILL); }), kPlentyS);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_THAT(outcome.error(), HasSubstr("killed by signal 9"));
  EXPECT_TRUE(is_gone(**grandchild));
  EXPECT_EQ(supervisor.run([] { return Outcome<std::string>("next"); }, kPlentyS).value(), "next");
}

TEST(Supervisor, ends_a_measurement_that_hangs) {
  Supervisor supervisor;
  const auto grandchild = SharedValue<Pid>::create();
  ASSERT_TRUE(grandchild.has_value());
  const auto outcome = supervisor.run(with_grandchild(*grandchild, sleep_for_ever), 1);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_THAT(outcome.error(), HasSubstr("did not end within 1 s"));
  EXPECT_TRUE(is_gone(**grandchild));
}

TEST(Supervisor, notes_a_signal_and_ends_what_runs) {
  Supervisor supervisor;
  const auto grandchild = SharedValue<Pid>::create();
  ASSERT_TRUE(grandchild.has_value());
  const pid_t self = ::getpid();
  const auto outcome = supervisor.run(with_grandchild(*grandchild,
                                                      [self] {
                                                        ::kill(self, SIGINT);
                                                        sleep_for_ever();
                                                      }),
                                      kPlentyS);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(supervisor.interrupted_by(), SIGINT);
  EXPECT_TRUE(is_gone(**grandchild));
}

TEST(ChildProcess, is_gone_when_its_owner_is) {
  pid_t pid = 0;
  {
    const auto process = ChildProcess::fork(sleep_for_ever);
    ASSERT_TRUE(process.has_value());
    pid = process->pid();
    EXPECT_FALSE(is_gone(pid));
  }
  EXPECT_TRUE(is_gone(pid));
}

TEST(ChildProcess, tells_how_it_ended) {
  auto process = ChildProcess::fork([] { return 3; });
  ASSERT_TRUE(process.has_value());
  const auto joined = process->join(60'000);
  ASSERT_FALSE(joined.has_value());
  EXPECT_THAT(joined.error(), HasSubstr("exited with status 3"));
}

TEST(ChildProcess, says_when_a_program_cannot_be_started) {
  auto process = ChildProcess::execute({.path = "/nowhere", .arguments = {}, .environment = {}});
  ASSERT_TRUE(process.has_value());
  EXPECT_TRUE(process->wait(60'000));
  EXPECT_EQ(process->fate(), "could not be started");
}

TEST(TemporaryDirectory, goes_with_everything_in_it) {
  std::string path;
  {
    const auto directory = TemporaryDirectory::create();
    ASSERT_TRUE(directory.has_value());
    path = directory->path();
    ASSERT_EQ(::access(path.c_str(), F_OK), 0);
    std::FILE* const file = std::fopen((path + "/file").c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fclose(file);
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace objbench
