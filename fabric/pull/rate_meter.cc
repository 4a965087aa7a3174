// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/rate_meter.hh"

#include <algorithm>

namespace obj {

void RateMeter::on_post(bool first, uint64_t now_ns) {
  if (first) busy_since_ns_ = now_ns;
}

void RateMeter::on_complete(uint64_t size_bytes, bool last, uint64_t now_ns) {
  window_bytes_ += size_bytes;
  window_busy_ns_ += now_ns - busy_since_ns_;
  busy_since_ns_ = now_ns;
  last_ns_ = now_ns;
  // The first completion already tells more than nothing, and so does a source that fell idle.
  if (window_busy_ns_ >= kWindowNs || bytes_per_s_ == 0 || last) close_window();
}

void RateMeter::close_window() {
  if (window_busy_ns_ == 0 || window_bytes_ == 0) return;
  const double sample =
      static_cast<double>(window_bytes_) * 1e9 / static_cast<double>(window_busy_ns_);
  // A short window counts for less: it may have caught one lucky or unlucky read.
  const double weight = std::min(1.0, static_cast<double>(window_busy_ns_) / kWindowNs) * 0.5;
  const double before = bytes_per_s_ == 0 ? sample : static_cast<double>(bytes_per_s_);
  bytes_per_s_ = std::max<uint64_t>(1, static_cast<uint64_t>(before + weight * (sample - before)));
  window_bytes_ = 0;
  window_busy_ns_ = 0;
}

uint64_t RateMeter::bytes_per_s(uint64_t now_ns) const {
  return now_ns - last_ns_ > kForgetNs ? 0 : bytes_per_s_;
}

}  // namespace obj
