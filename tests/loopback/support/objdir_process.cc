// SPDX-License-Identifier: Apache-2.0
#include "tests/loopback/support/objdir_process.hh"

#include <arpa/inet.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/check.hh"
#include "base/unique_fd.hh"
#include "tests/loopback/support/child.hh"

namespace obj {
namespace {

// Free now, and not given to others for a while.
uint16_t free_port() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const general = reinterpret_cast<sockaddr*>(&address);
  OBJ_CHECK(::bind(socket.get(), general, size) == 0);
  OBJ_CHECK(::getsockname(socket.get(), general, &size) == 0);
  return ntohs(address.sin_port);
}

}  // namespace

ObjdirProcess::ObjdirProcess(const std::vector<std::string>& flags)
    : port_(free_port()), address_("127.0.0.1:" + std::to_string(port_)) {
  const char* const program = std::getenv("OBJDIR");
  OBJ_CHECK(program != nullptr);
  std::ofstream(dir_.file("objdir.conf"));
  std::ofstream(dir_.file("secret")) << kSecret << "\n";
  OBJ_CHECK(::chmod(dir_.file("secret").c_str(), 0600) == 0);
  argv_ = {program,  "--config",      dir_.file("objdir.conf"), "--listen",
           address_, "--secret-file", dir_.file("secret"),      "--log-level",
           "error"};
  argv_.insert(argv_.end(), flags.begin(), flags.end());
  restart();
}

ObjdirProcess::~ObjdirProcess() { kill(); }

void ObjdirProcess::restart() {
  OBJ_CHECK(pid_ == -1);
  std::vector<char*> argv;
  for (std::string& argument : argv_) argv.push_back(argument.data());
  argv.push_back(nullptr);
  OBJ_CHECK(::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) == 0);
}

int ObjdirProcess::terminate() {
  OBJ_CHECK(pid_ != -1);
  ::kill(pid_, SIGTERM);
  return wait_for_process(std::exchange(pid_, -1));
}

void ObjdirProcess::kill() {
  if (pid_ == -1) return;
  ::kill(pid_, SIGKILL);
  wait_for_process(std::exchange(pid_, -1));
}

void ObjdirProcess::freeze() { ::kill(pid_, SIGSTOP); }
void ObjdirProcess::thaw() { ::kill(pid_, SIGCONT); }

}  // namespace obj
