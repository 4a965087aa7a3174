// SPDX-License-Identifier: Apache-2.0
// tests/node/socket_path_test.cc -- one listener a path; stale files are replaced, others are not.
#include "node/socket_path.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

namespace obj {
namespace {

class SocketPathTest : public ::testing::Test {
 protected:
  SocketPathTest() {
    char pattern[] = "/tmp/objd-socket-test-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    path_ = folder_ + "/sub/objd.sock";
  }
  ~SocketPathTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  std::string path_;
};

TEST_F(SocketPathTest, makes_the_folder_and_sets_the_mode) {
  const auto socket = ListeningSocket::listen(path_, 0640);
  ASSERT_TRUE(socket.has_value()) << socket.error();
  struct stat found;
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0640u);
}

TEST_F(SocketPathTest, refuses_a_second_listener_and_says_why) {
  const auto first = ListeningSocket::listen(path_, 0600);
  ASSERT_TRUE(first.has_value());
  const auto second = ListeningSocket::listen(path_, 0600);
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().find("another objd"), std::string::npos) << second.error();
}

TEST_F(SocketPathTest, removes_its_file_when_it_ends) {
  {
    const auto socket = ListeningSocket::listen(path_, 0600);
    ASSERT_TRUE(socket.has_value());
    ASSERT_TRUE(std::filesystem::exists(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketPathTest, replaces_the_file_of_a_listener_that_was_killed) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto socket = ListeningSocket::listen(path_, 0600);
    ::_exit(socket.has_value() ? 0 : 1);  // no destructor runs, as after SIGKILL
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  ASSERT_TRUE(std::filesystem::exists(path_));
  const auto socket = ListeningSocket::listen(path_, 0600);
  EXPECT_TRUE(socket.has_value()) << socket.error();
}

TEST_F(SocketPathTest, leaves_a_file_that_is_not_a_socket_alone) {
  std::filesystem::create_directories(folder_ + "/sub");
  std::ofstream(path_) << "precious";
  const auto socket = ListeningSocket::listen(path_, 0600);
  ASSERT_FALSE(socket.has_value());
  EXPECT_NE(socket.error().find("not a socket"), std::string::npos) << socket.error();
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(SocketPathTest, refuses_a_path_that_does_not_fit_an_address) {
  const auto socket = ListeningSocket::listen("/tmp/" + std::string(200, 'x'), 0600);
  ASSERT_FALSE(socket.has_value());
  EXPECT_NE(socket.error().find("shorter"), std::string::npos) << socket.error();
}

}  // namespace
}  // namespace obj
