// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/paired_program.hh"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/clock.hh"
#include "base/unique_fd.hh"
#include "tools/objbench/child_process.hh"

namespace objbench {
namespace {

constexpr int kTestMs = 60'000;
// The listener tells nobody when it is ready, so the other is started until it is let in.
constexpr int kReadyMs = 10'000;
constexpr uint32_t kPauseUs = 50'000;

std::string content_of(int fd) {
  std::string text(16 << 10, '\0');
  const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return text;
}

}  // namespace

Outcome<std::string> find_program(const std::string& name, const std::string& package) {
  const char* const path = std::getenv("PATH");
  std::string rest = path != nullptr ? path : "/usr/bin";
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = rest.substr(0, colon) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.erase(0, colon + 1);
  }
  return std::unexpected("the yardstick " + name + " is not there: apt-get install " + package);
}

Outcome<std::string> run_pair(const PairedProgram& program) {
  OBJBENCH_TRY(const std::string path, find_program(program.name, program.package));
  const obj::UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  OBJBENCH_TRY(const ChildProcess listener,
               ChildProcess::execute({.path = path,
                                      .arguments = program.listener_arguments,
                                      .environment = program.environment,
                                      .output = nowhere.get(),
                                      .error = nowhere.get()}));
  const uint64_t deadline_ns = obj::deadline_after_ms(obj::monotonic_ns(), kReadyMs);
  while (true) {
    const obj::UniqueFd output(::memfd_create(program.name.c_str(), MFD_CLOEXEC));
    if (output.get() < 0) return system_failure("memfd_create");
    OBJBENCH_TRY(ChildProcess connector,
                 ChildProcess::execute({.path = path,
                                        .arguments = program.connector_arguments,
                                        .environment = program.environment,
                                        .output = output.get(),
                                        .error = output.get()}));
    const auto joined = connector.join(kTestMs);
    std::string text = content_of(output.get());
    if (joined) return text;
    if (obj::monotonic_ns() >= deadline_ns) {
      return std::unexpected(program.name + ": " + joined.error() + ": " + text);
    }
    ::usleep(kPauseUs);
  }
}

Outcome<uint16_t> free_port() {
  const obj::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), any, size) != 0) return system_failure("bind");
  if (::getsockname(socket.get(), any, &size) != 0) return system_failure("getsockname");
  return ntohs(address.sin_port);
}

std::string first_words_of(const std::string& command) {
  FILE* const pipe = ::popen((command + " 2>/dev/null").c_str(), "re");
  if (pipe == nullptr) return "";
  std::array<char, 256> line{};
  const size_t count = std::fread(line.data(), 1, line.size(), pipe);
  ::pclose(pipe);
  return std::string(line.data(), count);
}

}  // namespace objbench
