// SPDX-License-Identifier: Apache-2.0
// tools/objbench/latency_histogram.hh -- any number of latencies in 15 KiB, to within 2%.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

namespace objbench {

// Counts per power of two, each divided into 64 equal steps: the error is at most 1/64 of the
// value. No pointers: it may lie in memory shared between processes.
//
// Threads: one at a time; give each its own and merge().
class LatencyHistogram {
 public:
  void record(uint64_t latency_ns);
  void merge(const LatencyHistogram& other);

  uint64_t count() const { return count_; }
  uint64_t max_ns() const { return max_ns_; }
  // The upper end of the step in which the nearest-rank percentile lies, at most max_ns(); 0 if
  // nothing was recorded. REQUIRES: 0 <= fraction <= 1.
  uint64_t percentile_ns(double fraction) const;

 private:
  static constexpr uint32_t kStepBits = 6;
  static constexpr uint32_t kSteps = 1u << kStepBits;
  // Values up to 2^36 ns, a minute: what takes longer is counted in the last step.
  static constexpr uint32_t kValueBits = 36;
  static constexpr uint32_t kBuckets = (kValueBits - kStepBits + 1) * kSteps;

  static uint32_t bucket_of(uint64_t latency_ns);
  static uint64_t upper_end_ns(uint32_t bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ns_ = 0;
};
static_assert(std::is_trivially_copyable_v<LatencyHistogram>);

}  // namespace objbench
