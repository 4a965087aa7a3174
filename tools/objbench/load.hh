// SPDX-License-Identifier: Apache-2.0
// tools/objbench/load.hh -- what `objbench local` is asked to do, and what came of it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "tools/objbench/access_order.hh"
#include "tools/objbench/latency_histogram.hh"

namespace objbench {

enum class LoadOp : uint8_t { kGet, kPut, kDelete, kMixed };

struct LoadSpec {
  LoadOp op = LoadOp::kGet;
  uint64_t size_bytes = 1024;
  uint64_t metadata_bytes = 0;
  uint64_t objects = 10'000;
  uint32_t threads = 1;  // of each process
  uint32_t processes = 1;
  uint32_t in_flight = 1;  // of each thread
  uint32_t seconds = 3;
  Pattern pattern = Pattern::kSequential;
  double zipf_exponent = 0.99;

  uint64_t workers() const { return uint64_t{threads} * processes; }
};

// What is timed: an operation of a mixed load is one of these, too.
enum TimedOp : uint32_t { kTimedGet, kTimedPut, kTimedDelete, kTimedOps };

// Latencies and rates of one worker, one process, or all.
struct LoadTally {
  std::array<LatencyHistogram, kTimedOps> latencies;
  double operations_per_second = 0;  // summed over workers, each over its timed seconds

  void merge(const LoadTally& other) {
    for (size_t op = 0; op < kTimedOps; op++) latencies[op].merge(other.latencies[op]);
    operations_per_second += other.operations_per_second;
  }
};

// In memory that all processes of a load share.
struct LoadMeeting {
  static constexpr uint32_t kProcessesMax = 64;

  std::atomic<uint32_t> ready;    // workers that may start
  std::atomic<uint32_t> stopped;  // not 0: somebody failed, or time is up
  std::array<LoadTally, kProcessesMax> tallies;
  std::atomic<uint32_t> failures;
  std::array<char, 512> failure;  // the first one's sentence
};
static_assert(std::is_trivially_destructible_v<LoadMeeting>);

}  // namespace objbench
