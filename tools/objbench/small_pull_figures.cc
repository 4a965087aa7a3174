// SPDX-License-Identifier: Apache-2.0
// tools/objbench/small_pull_figures.cc -- ucx_tcp_*_4k: small objects of another node.
#include <fmt/format.h>

#include "base/clock.hh"
#include "tools/objbench/percentiles.hh"
#include "tools/objbench/remote_figures.hh"
#include "tools/objbench/remote_stage.hh"
#include "tools/objbench/ucx_perftest.hh"

namespace objbench {
namespace {

constexpr size_t kSmallBytes = 4096;
constexpr size_t kManyObjects = 10'000;
constexpr uint32_t kManyRounds = 5;
constexpr size_t kGets = 2000;
constexpr size_t kWarmUpGets = 200;
constexpr int32_t kTimeoutMs = 60'000;

// us of one multi-get of all of them. Checks them, untimed.
Outcome<double> timed_get_many_us(const Client& reader, std::span<const obj_id> ids) {
  std::vector<obj_view> views(ids.size());
  std::vector<int> statuses(ids.size());
  const uint64_t started_ns = obj::monotonic_ns();
  OBJBENCH_DO(succeeded(
      obj_get_many(reader.get(), ids.data(), ids.size(), kTimeoutMs, views.data(), statuses.data()),
      "obj_get_many"));
  const double elapsed_us = static_cast<double>(obj::monotonic_ns() - started_ns) / 1e3;
  for (size_t i = 0; i < ids.size(); i++) OBJBENCH_DO(is_whole(views[i], ids[i], kSmallBytes));
  OBJBENCH_DO(
      succeeded(obj_release_many(reader.get(), views.data(), views.size()), "obj_release_many"));
  return elapsed_us;
}

// us of a get of each, one at a time.
Outcome<std::vector<double>> timed_gets_us(const Client& reader, std::span<const obj_id> ids) {
  std::vector<double> latencies;
  for (const obj_id& id : ids) {
    OBJBENCH_TRY(const double elapsed_us, timed_get_us(reader, id, kSmallBytes));
    latencies.push_back(elapsed_us);
  }
  return latencies;
}

// A lookup leaves its answer in the reader's cache of locations.
Outcome<void> learn_locations(const Client& reader, std::span<const obj_id> ids) {
  for (const obj_id& id : ids) OBJBENCH_DO(reader.locate(id));
  return {};
}

Outcome<Measurement> measure_get_4k(const Surroundings& surroundings, bool is_cached) {
  auto outcome = on_remote_stage(
      surroundings, {}, [is_cached](const RemoteStage& stage) -> Outcome<Measurement> {
        const std::vector<obj_id> ids = random_ids(kWarmUpGets + kGets);
        OBJBENCH_DO(store_reported(stage.source, ids, kSmallBytes));
        if (is_cached) OBJBENCH_DO(learn_locations(stage.reader, ids));
        const std::span<const obj_id> all(ids);
        OBJBENCH_DO(timed_gets_us(stage.reader, all.first(kWarmUpGets)));
        OBJBENCH_TRY(const auto latencies, timed_gets_us(stage.reader, all.subspan(kWarmUpGets)));
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
    std::vector<double> rates;
    while (rates.size() < kManyRounds) {
      const std::vector<obj_id> ids = random_ids(kManyObjects);
      OBJBENCH_DO(store_reported(stage.source, ids, kSmallBytes));
      OBJBENCH_TRY(const double elapsed_us, timed_get_many_us(stage.reader, ids));
      rates.push_back(static_cast<double>(ids.size()) / (elapsed_us / 1e6));
      OBJBENCH_DO(remove_all(stage.source, ids));
    }
    return Measurement{median(rates),
                       {},
                       kManyRounds * kManyObjects,
                       fmt::format("{} calls, from {:.0f} to {:.0f}", kManyRounds,
                                   percentile(rates, 0), percentile(rates, 1))};
  });
}

Outcome<Measurement> measure_tcp_get_4k_cached(const Surroundings& surroundings) {
  return measure_get_4k(surroundings, true);
}

Outcome<Measurement> measure_tcp_get_4k_cold(const Surroundings& surroundings) {
  return measure_get_4k(surroundings, false);
}

}  // namespace objbench
