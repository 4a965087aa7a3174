// SPDX-License-Identifier: Apache-2.0
// tools/objbench/remote_load.hh -- objects of some nodes, got by others, round after round.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tools/objbench/latency_histogram.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

struct RemoteSpec {
  uint64_t size_bytes = uint64_t{1} << 20;
  uint32_t in_flight = 4;  // gets of each reader
  uint32_t sources = 1;    // nodes that hold each object
  uint32_t readers = 1;    // nodes that get each object
  uint32_t seconds = 3;    // of gets, not counting what is between rounds

  // Of one round: enough that starting and ending it matters little.
  uint64_t objects() const;
};

// An arena in which the objects of a round, and those of the one before, have room.
uint64_t arena_bytes_for(const RemoteSpec& spec);

struct RemoteTally {
  LatencyHistogram latencies;  // from the start of a get until it is collected, oldest first
  uint64_t rounds = 0;
  double seconds = 0;  // of gets, each round as long as its slowest reader takes

  double objects_per_second() const {
    return seconds > 0 ? static_cast<double>(latencies.count()) / seconds : 0;
  }
};

// The first spec.sources of the nodes hold, the last spec.readers get. What is put is deleted
// again. REQUIRES: sockets.size() >= spec.sources + spec.readers, both at least 1.
Outcome<RemoteTally> run_remote_load(std::span<const std::string> sockets, const RemoteSpec& spec);

}  // namespace objbench
