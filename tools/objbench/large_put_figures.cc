// SPDX-License-Identifier: Apache-2.0
// tools/objbench/large_put_figures.cc -- local_put_64m, local_put_1g: storing at the speed of a
// copy.
#include <fmt/format.h>

#include <algorithm>

#include "tools/objbench/first_put.hh"
#include "tools/objbench/local_figures.hh"
#include "tools/objbench/local_stage.hh"
#include "tools/objbench/machine.hh"

namespace objbench {
namespace {

// The promise holds for the first put of a process, too: the slower of the two counts.
Outcome<Measurement> measure_large_put(const Surroundings& surroundings, uint64_t size_bytes,
                                       uint32_t later_puts) {
  // Two objects are there at once, the one that is put and the one that the yardstick writes, and
  // the source beside them.
  const uint64_t memory_bytes = size_bytes * 5 / 2;
  const uint64_t needed_bytes = memory_bytes + size_bytes * 5 / 4;
  if (available_memory_bytes() < needed_bytes) {
    return std::unexpected(fmt::format("needs {} MiB of memory, {} MiB are available",
                                       needed_bytes >> 20, available_memory_bytes() >> 20));
  }
  return on_local_stage(
      surroundings, {.memory_bytes = memory_bytes},
      [&](const LocalStage& stage) -> Outcome<Measurement> {
        OBJBENCH_TRY(const FirstPut speeds,
                     time_first_put_of_process(stage.daemon.socket(), size_bytes, later_puts));
        return Measurement{std::min(speeds.first, speeds.later) / 1e9,
                           std::max(speeds.memcpy, speeds.streaming) / 1e9, 1 + speeds.later_puts,
                           fmt::format("first put of a fresh process {:.2f}, later ones {:.2f}; "
                                       "memcpy {:.2f}, non-temporal {:.2f}; arena {}",
                                       speeds.first / 1e9, speeds.later / 1e9, speeds.memcpy / 1e9,
                                       speeds.streaming / 1e9, stage.pages)};
      });
}

}  // namespace

Outcome<Measurement> measure_put_64m(const Surroundings& surroundings) {
  return measure_large_put(surroundings, uint64_t{64} << 20, 15);
}

Outcome<Measurement> measure_put_1g(const Surroundings& surroundings) {
  return measure_large_put(surroundings, uint64_t{1} << 30, 5);
}

}  // namespace objbench
