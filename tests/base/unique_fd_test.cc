// SPDX-License-Identifier: Apache-2.0
// UniqueFd closes its descriptor once, whoever it was moved to.
#include "base/unique_fd.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <utility>

namespace obj {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
UniqueFd open_one() { return UniqueFd(::eventfd(0, EFD_CLOEXEC)); }

TEST(UniqueFd, closes_at_the_end_of_its_life) {
  int fd = -1;
  {
    const UniqueFd owner = open_one();
    fd = owner.get();
    ASSERT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, stays_open_when_its_ownership_moves) {
  UniqueFd first = open_one();
  const int fd = first.get();
  const UniqueFd second = std::move(first);
  EXPECT_EQ(second.get(), fd);
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, assignment_closes_what_was_held_before) {
  UniqueFd held = open_one();
  const int old_fd = held.get();
  {
    UniqueFd other = open_one();
    held = std::move(other);
  }
  EXPECT_FALSE(is_open(old_fd));
  EXPECT_TRUE(is_open(held.get()));
}

}  // namespace
}  // namespace obj
