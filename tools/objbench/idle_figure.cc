// SPDX-License-Identifier: Apache-2.0
// tools/objbench/idle_figure.cc -- idle_cpu: what a daemon costs that has nothing to do.
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.hh"
#include "tools/objbench/local_figures.hh"
#include "tools/objbench/local_stage.hh"
#include "tools/objbench/process_time.hh"

namespace objbench {
namespace {

constexpr uint32_t kWatchS = 5;

}  // namespace

Outcome<Measurement> measure_idle_cpu(const Surroundings& surroundings) {
  return on_local_stage(surroundings, {}, [](const LocalStage& stage) -> Outcome<Measurement> {
    OBJBENCH_TRY(const uint64_t before_ns, run_time_ns(stage.daemon.pid()));
    const uint64_t started_ns = obj::monotonic_ns();
    ::sleep(kWatchS);
    const uint64_t elapsed_ns = obj::monotonic_ns() - started_ns;
    OBJBENCH_TRY(const uint64_t after_ns, run_time_ns(stage.daemon.pid()));
    const uint64_t used_ns = after_ns - before_ns;
    return Measurement{
        100 * static_cast<double>(used_ns) / static_cast<double>(elapsed_ns),
        {},
        1,
        fmt::format("{} us of CPU in {} s, one idle client connected", used_ns / 1000, kWatchS)};
  });
}

}  // namespace objbench
