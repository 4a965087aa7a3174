// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/ucx_perftest.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "tools/objbench/paired_program.hh"

namespace objbench {
namespace {

constexpr uint32_t kRoundTrips = 20'000;
constexpr size_t kMessageBytes = 64;
constexpr uint64_t kWarmUpMax = 1000;

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

}  // namespace

Outcome<PerftestResult> run_perftest(const PerftestSpec& spec) {
  OBJBENCH_TRY(const uint16_t port, free_port());
  OBJBENCH_TRY(const std::string text,
               run_pair({.name = "ucx_perftest",
                         .package = "ucx-utils",
                         .listener_arguments = {"-p", std::to_string(port)},
                         .connector_arguments = client_arguments(spec, port),
                         .environment = {"UCX_TLS=" + spec.transports}}));
  return perftest_result(text);
}

Outcome<double> message_round_trip_us(const std::string& transports) {
  OBJBENCH_TRY(const PerftestResult result, run_perftest({.test = "ucp_am_lat",
                                                          .size_bytes = kMessageBytes,
                                                          .iterations = kRoundTrips,
                                                          .transports = transports}));
  return 2 * result.latency_us;  // it prints one way, half of what it timed
}

std::string perftest_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned patch = 0;
  const std::string said = first_words_of("ucx_info -v");
  const int count = std::sscanf(said.c_str(), "# Version %u.%u.%u", &major, &minor, &patch);
  return count == 3 ? fmt::format("ucx_perftest of UCX {}.{}.{}", major, minor, patch)
                    : "ucx_perftest";
}

}  // namespace objbench
