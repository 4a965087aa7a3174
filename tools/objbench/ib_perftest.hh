// SPDX-License-Identifier: Apache-2.0
// tools/objbench/ib_perftest.hh -- yardstick: perftest's RDMA reads between two processes here.
#pragma once

#include <cstdint>
#include <string>

#include "tools/objbench/ib_perftest_output.hh"
#include "tools/objbench/outcome.hh"
#include "tools/objbench/rdma_device.hh"

namespace objbench {

struct IbReadSpec {
  RdmaDevice device;
  uint64_t size_bytes = 4096;  // of a read
  uint32_t depth = 1;          // reads posted at once
  uint64_t iterations = 1000;
};

// Both fail, with the package to install, where the program is not there.
Outcome<IbBandwidth> run_ib_read_bw(const IbReadSpec& spec);
// Median us of a read; one at a time, whatever the depth.
Outcome<double> run_ib_read_lat(const IbReadSpec& spec);

// "ib_read_bw of perftest 6.06".
std::string ib_perftest_version(const std::string& program);

}  // namespace objbench
