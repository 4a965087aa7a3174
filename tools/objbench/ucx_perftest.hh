// SPDX-License-Identifier: Apache-2.0
// tools/objbench/ucx_perftest.hh -- yardstick: UCX's own benchmark between two processes here.
#pragma once

#include <cstdint>
#include <string>

#include "tools/objbench/outcome.hh"
#include "tools/objbench/perftest_output.hh"

namespace objbench {

struct PerftestSpec {
  std::string test;         // as -t takes it, e.g. "ucp_get"
  uint64_t size_bytes = 8;  // of a message
  uint32_t outstanding = 1;
  uint64_t iterations = 1000;
  std::string transports = "tcp";  // UCX_TLS
};

// Fails, with the package to install, where the program is not there.
Outcome<PerftestResult> run_perftest(const PerftestSpec& spec);

// p50 of a round trip of small active messages, in us.
Outcome<double> message_round_trip_us(const std::string& transports);

// "ucx_perftest of UCX 1.13.1".
std::string perftest_version();

}  // namespace objbench
