// SPDX-License-Identifier: Apache-2.0
#include "tests/loopback/support/objd_process.hh"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iostream>

#include "base/check.hh"
#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/program.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

bool has_ended(pid_t pid) {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == pid;
}

bool accepts(const std::string& socket) {
  const UniqueFd probe = connect_to(socket);
  return probe.get() >= 0;
}

}  // namespace

UniqueFd connect_to(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  OBJ_CHECK(socket.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, socket.c_str(), socket.size());
  UniqueFd connection(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(connection.get(), generic, sizeof address) != 0) return UniqueFd(-1);
  return connection;
}

ObjdProcess::ObjdProcess(const std::vector<std::string>& flags,
                         const std::vector<std::string>& environment)
    : socket_(dir_.file("objd.sock")), environment_(environment) {
  const std::string config = dir_.file("objd.conf");
  std::ofstream{config};
  argv_ = {objd_path(), "--config",     config, "--socket",      socket_, "--object-store-memory",
           "16M",       "--huge-pages", "off",  "--objects-max", "4096"};
  // The last of two equal flags must win, so a changed one replaces its default.
  for (size_t i = 0; i + 1 < flags.size(); i += 2) {
    const auto found = std::find(argv_.begin() + 1, argv_.end(), flags[i]);
    if (found != argv_.end())
      *(found + 1) = flags[i + 1];
    else
      argv_.insert(argv_.end(), {flags[i], flags[i + 1]});
  }
  restart();
}

ObjdProcess::~ObjdProcess() {
  kill();
  if (testing::Test::HasFailure()) std::cerr << "---- output of objd\n" << output();
}

void ObjdProcess::restart() {
  OBJ_CHECK(pid_ < 0);
  pid_ = start_program(argv_, dir_.file("output"), environment_);
  const bool is_ready = wait_until([&] { return accepts(socket_) || has_ended(pid_); });
  EXPECT_TRUE(is_ready && !has_ended(pid_)) << output();
}

int ObjdProcess::terminate() {
  ::kill(pid_, SIGTERM);
  return wait_for_process(std::exchange(pid_, -1));
}

void ObjdProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  wait_for_process(std::exchange(pid_, -1));
}

std::string ObjdProcess::output() const { return content_of(dir_.file("output")); }

size_t ObjdProcess::descriptor_count() const {
  const std::filesystem::directory_iterator fds("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<size_t>(std::distance(begin(fds), end(fds)));
}

}  // namespace obj
