// SPDX-License-Identifier: Apache-2.0
// tools/objbench/perftest_output.hh -- what `ucx_perftest -v -f` prints, understood. Pure.
#pragma once

#include <string_view>

#include "tools/objbench/outcome.hh"

namespace objbench {

struct PerftestResult {
  double latency_us = 0;        // p50 of one operation; in a latency test of half a round trip
  double bytes_per_second = 0;  // of all iterations
  double operations_per_second = 0;
};

// The last line of eight comma-separated numbers. The program prints its bandwidth in units of 2^20
// bytes a second, whatever it calls them.
Outcome<PerftestResult> perftest_result(std::string_view text);

}  // namespace objbench
