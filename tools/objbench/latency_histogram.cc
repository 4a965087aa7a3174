// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/latency_histogram.hh"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.hh"

namespace objbench {

// Values below kSteps have a bucket each. Above, the highest bit chooses a group of kSteps buckets
// and the next kStepBits bits the one in it.
uint32_t LatencyHistogram::bucket_of(uint64_t latency_ns) {
  if (latency_ns < kSteps) return static_cast<uint32_t>(latency_ns);
  const auto shift = static_cast<uint32_t>(std::bit_width(latency_ns)) - 1 - kStepBits;
  const auto step = static_cast<uint32_t>(latency_ns >> shift) - kSteps;
  return std::min((shift + 1) * kSteps + step, kBuckets - 1);
}

uint64_t LatencyHistogram::upper_end_ns(uint32_t bucket) {
  if (bucket < kSteps) return bucket;
  const uint32_t shift = bucket / kSteps - 1;
  const uint64_t start = uint64_t{kSteps + bucket % kSteps} << shift;
  return start + (uint64_t{1} << shift) - 1;
}

void LatencyHistogram::record(uint64_t latency_ns) {
  counts_[bucket_of(latency_ns)]++;
  count_++;
  max_ns_ = std::max(max_ns_, latency_ns);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (uint32_t bucket = 0; bucket < kBuckets; bucket++) counts_[bucket] += other.counts_[bucket];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

uint64_t LatencyHistogram::percentile_ns(double fraction) const {
  OBJ_CHECK(fraction >= 0 && fraction <= 1);
  const auto rank = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (uint32_t bucket = 0; bucket < kBuckets; bucket++) {
    seen += counts_[bucket];
    if (seen >= std::max<uint64_t>(rank, 1)) return std::min(upper_end_ns(bucket), max_ns_);
  }
  return max_ns_;
}

}  // namespace objbench
