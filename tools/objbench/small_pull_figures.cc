// SPDX-License-Identifier: Apache-2.0
// tools/objbench/small_pull_figures.cc -- ucx_tcp_*_4k: small objects of another node.
#include <fmt/format.h>

#include "tools/objbench/percentiles.hh"
#include "tools/objbench/remote_figures.hh"
#include "tools/objbench/remote_gets.hh"
#include "tools/objbench/remote_stage.hh"
#include "tools/objbench/ucx_perftest.hh"

namespace objbench {
namespace {

constexpr size_t kManyObjects = 10'000;
constexpr uint32_t kManyRounds = 5;
constexpr size_t kGets = 2000;

Outcome<Measurement> measure_get_4k(const Surroundings& surroundings, Locations locations) {
  auto outcome = on_remote_stage(
      surroundings, {}, [locations](const RemoteStage& stage) -> Outcome<Measurement> {
        OBJBENCH_TRY(const auto latencies, small_get_latencies_us(stage, locations, kGets));
        return Measurement{median(latencies),
                           {},
                           latencies.size(),
                           fmt::format("p50; p99 {:.1f} us", percentile(latencies, 0.99))};
      });
  if (!outcome) return outcome;
  OBJBENCH_TRY(const double round_trip_us, message_round_trip_us("tcp"));
  outcome->yardstick = round_trip_us;
  outcome->note += "; twice the latency that " + perftest_version() + " -t ucp_am_lat prints";
  return outcome;
}

}  // namespace

Outcome<Measurement> measure_tcp_multi_get_4k(const Surroundings& surroundings) {
  return on_remote_stage(surroundings, {}, [](const RemoteStage& stage) -> Outcome<Measurement> {
    OBJBENCH_TRY(const auto rates, small_multi_get_rates(stage, kManyObjects, kManyRounds));
    return Measurement{median(rates),
                       {},
                       kManyRounds * kManyObjects,
                       fmt::format("{} calls, from {:.0f} to {:.0f}", kManyRounds,
                                   percentile(rates, 0), percentile(rates, 1))};
  });
}

Outcome<Measurement> measure_tcp_get_4k_cached(const Surroundings& surroundings) {
  return measure_get_4k(surroundings, Locations::kCached);
}

Outcome<Measurement> measure_tcp_get_4k_cold(const Surroundings& surroundings) {
  return measure_get_4k(surroundings, Locations::kUnknown);
}

}  // namespace objbench
