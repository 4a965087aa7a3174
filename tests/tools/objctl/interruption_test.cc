// SPDX-License-Identifier: Apache-2.0
// Goal: a first signal lets the tool tidy up, a second one kills, and afterwards all is as before.
// Method: children that raise signals, and how they die.
#include "tools/objctl/interruption.hh"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tools/objctl/descriptor.hh"

namespace objctl {
namespace {

TEST(InterruptionDeathTest, notes_the_first_signal_and_dies_of_the_second) {
  EXPECT_EXIT(
      {
        const Interruption interruption;
        std::raise(SIGTERM);
        if (!Interruption::noted()) ::_exit(1);
        std::raise(SIGTERM);
        ::_exit(2);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(InterruptionDeathTest, dies_of_what_was_noted) {
  EXPECT_EXIT(
      {
        {
          const Interruption interruption;
          std::raise(SIGINT);
        }
        Interruption::die_if_noted();
        ::_exit(0);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptionDeathTest, lives_on_if_nothing_was_noted) {
  EXPECT_EXIT(
      {
        {
          const Interruption interruption;
        }
        Interruption::die_if_noted();
        ::_exit(7);
      },
      testing::ExitedWithCode(7), "");
}

TEST(InterruptionDeathTest, leaves_an_ignored_signal_ignored) {
  EXPECT_EXIT(
      {
        std::signal(SIGHUP, SIG_IGN);
        const Interruption interruption;
        std::raise(SIGHUP);
        ::_exit(Interruption::noted() ? 1 : 7);
      },
      testing::ExitedWithCode(7), "");
}

// Whether the kernel says that process `pid` sleeps.
bool is_asleep(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  stat >> number >> name >> state;
  return state == "S";
}

TEST(InterruptionDeathTest, ends_a_read_that_hangs) {
  EXPECT_EXIT(
      {
        int ends[2];
        if (::pipe(ends) != 0) ::_exit(1);
        const Interruption interruption;
        const pid_t reader = ::getpid();
        if (::fork() == 0) {
          ::prctl(PR_SET_PDEATHSIG, SIGKILL);
          while (!is_asleep(reader)) ::sched_yield();
          ::kill(reader, SIGINT);
          ::_exit(0);
        }
        std::byte byte;
        const auto got = read_whole(ends[0], {&byte, 1}, "pipe");
        ::_exit(!got.has_value() && got.error().status == OBJ_ECANCELLED ? 7 : 2);
      },
      testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace objctl
