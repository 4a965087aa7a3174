// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/hit_latency.hh"

#include "base/clock.hh"

namespace objbench {

Outcome<double> HitLatency::sample() {
  obj_client* const client = client_.get();
  const uint64_t started_ns = obj::monotonic_ns();
  for (size_t pair = 0; pair < kPairsPerSample; pair++) {
    const obj_id& id = ids_[next_];
    next_ = next_ + 1 == ids_.size() ? 0 : next_ + 1;
    obj_view view;
    if (const int status = obj_get(client, &id, 0, &view); status != OBJ_OK) {
      return std::unexpected(succeeded(status, "obj_get").error());
    }
    obj_release(client, &view);
  }
  return static_cast<double>(obj::monotonic_ns() - started_ns) / kPairsPerSample;
}

Outcome<std::vector<double>> HitLatency::samples(size_t count) {
  std::vector<double> all;
  all.reserve(count);
  while (all.size() < count) {
    OBJBENCH_TRY(const double one, sample());
    all.push_back(one);
  }
  return all;
}

}  // namespace objbench
