// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/ucx_perftest.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/clock.hh"
#include "base/unique_fd.hh"
#include "tools/objbench/child_process.hh"

namespace objbench {
namespace {

constexpr int kTestMs = 60'000;
// The server tells nobody when it is ready, so the client is started until it is let in.
constexpr int kReadyMs = 10'000;
constexpr uint32_t kPauseUs = 50'000;
constexpr uint32_t kRoundTrips = 20'000;
constexpr size_t kMessageBytes = 64;
constexpr uint64_t kWarmUpMax = 1000;

// The program's path in $PATH.
Outcome<std::string> find_perftest() {
  const char* const path = std::getenv("PATH");
  std::string rest = path != nullptr ? path : "/usr/bin";
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = rest.substr(0, colon) + "/ucx_perftest";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.erase(0, colon + 1);
  }
  return std::unexpected("the yardstick ucx_perftest is not there: apt-get install ucx-utils");
}

// One that is free now.
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

std::vector<std::string> client_arguments(const PerftestSpec& spec, uint16_t port) {
  return {"127.0.0.1",
          "-p",
          std::to_string(port),
          "-t",
          spec.test,
          "-s",
          std::to_string(spec.size_bytes),
          "-O",
          std::to_string(spec.outstanding),
          "-n",
          std::to_string(spec.iterations),
          "-w",
          std::to_string(std::clamp<uint64_t>(spec.iterations / 10, 1, kWarmUpMax)),
          "-f",
          "-v"};
}

std::string content_of(int fd) {
  std::string text(16 << 10, '\0');
  const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return text;
}

}  // namespace

Outcome<PerftestResult> run_perftest(const PerftestSpec& spec) {
  OBJBENCH_TRY(const std::string program, find_perftest());
  OBJBENCH_TRY(const uint16_t port, free_port());
  const obj::UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const std::vector<std::string> environment = {"UCX_TLS=" + spec.transports};
  OBJBENCH_TRY(const ChildProcess server,
               ChildProcess::execute({.path = program,
                                      .arguments = {"-p", std::to_string(port)},
                                      .environment = environment,
                                      .output = nowhere.get(),
                                      .error = nowhere.get()}));
  const uint64_t deadline_ns = obj::deadline_after_ms(obj::monotonic_ns(), kReadyMs);
  while (true) {
    const obj::UniqueFd output(::memfd_create("ucx_perftest", MFD_CLOEXEC));
    if (output.get() < 0) return system_failure("memfd_create");
    OBJBENCH_TRY(ChildProcess client,
                 ChildProcess::execute({.path = program,
                                        .arguments = client_arguments(spec, port),
                                        .environment = environment,
                                        .output = output.get(),
                                        .error = output.get()}));
    const auto joined = client.join(kTestMs);
    const std::string text = content_of(output.get());
    if (joined) return perftest_result(text);
    if (obj::monotonic_ns() >= deadline_ns) {
      return std::unexpected("ucx_perftest: " + joined.error() + ": " + text);
    }
    ::usleep(kPauseUs);
  }
}

Outcome<double> message_round_trip_us(const std::string& transports) {
  OBJBENCH_TRY(const PerftestResult result, run_perftest({.test = "ucp_am_lat",
                                                          .size_bytes = kMessageBytes,
                                                          .iterations = kRoundTrips,
                                                          .transports = transports}));
  return 2 * result.latency_us;  // it prints one way, half of what it timed
}

std::string perftest_version() {
  FILE* const pipe = ::popen("ucx_info -v 2>/dev/null", "re");
  if (pipe == nullptr) return "ucx_perftest";
  unsigned major = 0;
  unsigned minor = 0;
  unsigned patch = 0;
  const int count = std::fscanf(pipe, "# Version %u.%u.%u", &major, &minor, &patch);
  ::pclose(pipe);
  return count == 3 ? fmt::format("ucx_perftest of UCX {}.{}.{}", major, minor, patch)
                    : "ucx_perftest";
}

}  // namespace objbench
