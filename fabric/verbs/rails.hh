// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/rails.hh -- the ports of this node that reads use, and how busy each is.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fabric/pull/rate_meter.hh"
#include "fabric/verbs/adapter.hh"

namespace obj::verbs {

// One port. A lost one keeps its place, so that numbers stay what they are.
struct Rail {
  std::unique_ptr<Adapter> adapter;
  bool is_lost = false;
  // Of all lanes on it.
  uint64_t bytes = 0;  // posted or waiting to be
  uint64_t operations = 0;
  RateMeter meter{};

  void on_post(uint64_t size_bytes, uint64_t now_ns) {
    meter.on_post(operations == 0, now_ns);
    operations++;
    bytes += size_bytes;
  }
  void on_complete(uint64_t size_bytes, bool is_good, uint64_t now_ns) {
    operations--;
    bytes -= size_bytes;
    meter.on_complete(is_good ? size_bytes : 0, operations == 0, now_ns);
  }
};

using Rails = std::vector<Rail>;  // fixed after construction; at most kMemoriesMax

}  // namespace obj::verbs
