// SPDX-License-Identifier: Apache-2.0
// tests/fabric/ucx/peer_process.hh -- test_peer as a child process.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace obj {

// OBJ_TEST_PEER names the program.
class PeerProcess {
 public:
  explicit PeerProcess(std::vector<std::string> arguments) {
    int in[2], out[2];
    EXPECT_EQ(::pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    const char* const program = std::getenv("OBJ_TEST_PEER");
    std::vector<char*> argv{const_cast<char*>(program)};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    EXPECT_TRUE(program != nullptr &&
                ::posix_spawn(&pid_, program, &actions, nullptr, argv.data(), environ) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    stdin_ = in[1];
    char letter;
    while (::read(out[0], &letter, 1) == 1 && letter != '\n') address_ += letter;
    ::close(out[0]);
  }
  ~PeerProcess() {
    if (pid_ <= 0) return;
    signal(SIGCONT);
    ::close(stdin_);
    int status;
    ::waitpid(pid_, &status, 0);
  }
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;

  const std::string& address() const { return address_; }
  void signal(int number) const { ::kill(pid_, number); }

 private:
  pid_t pid_ = -1;
  int stdin_ = -1;
  std::string address_;
};

}  // namespace obj
