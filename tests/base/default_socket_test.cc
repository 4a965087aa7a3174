// SPDX-License-Identifier: Apache-2.0
// The rule by which daemon and clients find the same socket, for root and for others.
#include "base/default_socket.hh"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace obj {
namespace {

class DefaultSocket : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("OBJD_SOCKET");
    ::unsetenv("XDG_RUNTIME_DIR");
  }
};

std::string when_nothing_is_set() {
  if (::geteuid() == 0) return "/run/objd/objd.sock";
  return "/tmp/objd-" + std::to_string(::geteuid()) + "/objd.sock";
}

TEST_F(DefaultSocket, environment_wins) {
  ::setenv("OBJD_SOCKET", "/somewhere/else.sock", 1);
  ::setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
  EXPECT_EQ(default_socket_path(), "/somewhere/else.sock");
}

TEST_F(DefaultSocket, empty_variables_count_as_unset) {
  ::setenv("OBJD_SOCKET", "", 1);
  ::setenv("XDG_RUNTIME_DIR", "", 1);
  EXPECT_EQ(default_socket_path(), when_nothing_is_set());
}

TEST_F(DefaultSocket, depends_on_the_user_when_nothing_is_set) {
  EXPECT_EQ(default_socket_path(), when_nothing_is_set());
}

TEST_F(DefaultSocket, runtime_directory_is_for_everyone_but_root) {
  ::setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
  EXPECT_EQ(default_socket_path(),
            ::geteuid() == 0 ? "/run/objd/objd.sock" : "/run/user/1000/objd/objd.sock");
}

}  // namespace
}  // namespace obj
