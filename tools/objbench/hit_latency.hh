// SPDX-License-Identifier: Apache-2.0
// tools/objbench/hit_latency.hh -- what a get and its release cost when the object is here.
#pragma once

#include <obj/obj.h>

#include <cstddef>
#include <span>
#include <vector>

#include "tools/objbench/client.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

// Times pairs of obj_get() and obj_release() in batches, since one pair takes about as long as
// reading the clock. Walks round through `ids` in their order; what was read is not touched.
//
// Lifetime: client and ids must outlive it.
class HitLatency {
 public:
  static constexpr size_t kPairsPerSample = 64;

  HitLatency(const Client& client, std::span<const obj_id> ids) : client_(client), ids_(ids) {}

  // One batch: ns a pair. Fails if an object is not here.
  Outcome<double> sample();
  // `count` batches.
  Outcome<std::vector<double>> samples(size_t count);

 private:
  const Client& client_;
  std::span<const obj_id> ids_;
  size_t next_ = 0;
};

}  // namespace objbench
