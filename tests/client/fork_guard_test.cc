// SPDX-License-Identifier: Apache-2.0
// tests/client/fork_guard_test.cc -- epochs of a process, its children and grandchildren.
#include "client/fork_guard.hh"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <thread>
#include <vector>

namespace obj::client {
namespace {

// Runs `body` in a child; true if it returned true there.
bool in_child(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ForkGuard, epoch_stays_the_same_in_one_process) {
  const ForkEpoch epoch = process_epoch().value();
  EXPECT_NE(epoch, 0u);
  EXPECT_EQ(process_epoch().value(), epoch);
}

TEST(ForkGuard, liveness_ends_in_a_child_and_goes_on_in_the_parent) {
  const Liveness liveness(process_epoch().value());
  EXPECT_TRUE(liveness.usable());
  EXPECT_TRUE(in_child([&] { return !liveness.usable() && !liveness.is_own(); }));
  EXPECT_TRUE(liveness.usable());
}

TEST(ForkGuard, liveness_of_a_parent_stays_ended_when_the_child_has_its_own_epoch) {
  const Liveness parents(process_epoch().value());
  EXPECT_TRUE(in_child([&] {
    const Liveness own(process_epoch().value());
    const bool grandchild_sees_neither = in_child([&] {
      return !parents.is_own() && !own.is_own() && process_epoch().has_value() &&
             !parents.is_own() && !own.is_own();
    });
    return own.usable() && !parents.usable() && !parents.is_own() && grandchild_sees_neither;
  }));
}

TEST(ForkGuard, end_makes_it_unusable_but_still_own) {
  Liveness liveness(process_epoch().value());
  liveness.end();
  EXPECT_FALSE(liveness.usable());
  EXPECT_TRUE(liveness.is_own());
}

TEST(ForkGuard, threads_that_ask_first_at_once_get_one_epoch) {
  EXPECT_TRUE(in_child([] {
    constexpr int kThreads = 4;
    std::vector<ForkEpoch> epochs(kThreads);
    std::vector<std::thread> threads;
    for (auto& epoch : epochs) threads.emplace_back([&epoch] { epoch = process_epoch().value(); });
    for (auto& thread : threads) thread.join();
    return std::set(epochs.begin(), epochs.end()).size() == 1;
  }));
}

}  // namespace
}  // namespace obj::client
