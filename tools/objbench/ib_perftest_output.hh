// SPDX-License-Identifier: Apache-2.0
// tools/objbench/ib_perftest_output.hh -- what ib_read_bw and ib_read_lat print, understood. Pure.
#pragma once

#include <string_view>

#include "tools/objbench/outcome.hh"

namespace objbench {

struct IbBandwidth {
  double bytes_per_second = 0;  // average
  double reads_per_second = 0;
};

// Of `ib_read_bw --report_gbits`: the numbers below its titles.
Outcome<IbBandwidth> ib_bandwidth(std::string_view text);

// Of `ib_read_lat`: us that a read typically took, the median.
Outcome<double> ib_latency_us(std::string_view text);

}  // namespace objbench
