// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/token_bucket.hh"

#include <algorithm>

namespace obj {

namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;
// The longest debt that is remembered. It bounds the arithmetic, not any sensible use.
constexpr double kDebtNsMax = 3600e9;

}  // namespace

void TokenBucket::set_rate(uint64_t bytes_per_s, uint64_t now_ns) {
  if (bytes_per_s_ != 0 && bytes_per_s != 0 && paid_at_ns_ > now_ns) {
    const double owed_ns = static_cast<double>(paid_at_ns_ - now_ns) *
                           static_cast<double>(bytes_per_s_) / static_cast<double>(bytes_per_s);
    paid_at_ns_ = now_ns + static_cast<uint64_t>(std::min(owed_ns, kDebtNsMax));
  }
  if (bytes_per_s == 0) paid_at_ns_ = 0;
  bytes_per_s_ = bytes_per_s;
}

void TokenBucket::take(uint32_t size_bytes, uint64_t now_ns) {
  if (bytes_per_s_ == 0) return;
  // No overflow: 2^32 * 10^9 < 2^62.
  const uint64_t cost_ns = uint64_t{size_bytes} * kNsPerSecond / bytes_per_s_;
  paid_at_ns_ = std::max(paid_at_ns_, now_ns) + cost_ns;
}

}  // namespace obj
