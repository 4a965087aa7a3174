// SPDX-License-Identifier: Apache-2.0
// tools/objbench/hit_figures.cc -- local_get_hit_*: reading what is in this node's memory.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "tools/objbench/hit_latency.hh"
#include "tools/objbench/hot_object.hh"
#include "tools/objbench/local_figures.hh"
#include "tools/objbench/local_stage.hh"
#include "tools/objbench/percentiles.hh"
#include "tools/objbench/put_window.hh"
#include "tools/objbench/ring_round_trip.hh"

namespace objbench {
namespace {

constexpr size_t kSmallBytes = 1024;
constexpr size_t kWarmUpSamples = 1000;
constexpr size_t kSamples = 20'000;

// Small objects and then room to spare, so that nothing is evicted.
LocalStageOptions room_for(uint32_t objects) {
  return {.memory_bytes = (uint64_t{objects} * kSmallBytes * 5 / 4) + (uint64_t{64} << 20),
          .objects_max = objects * 2};
}

// p50 of get and release out of `objects` small objects in random order, the client's only work.
Outcome<double> hit_among(const Client& client, uint32_t objects) {
  std::vector<obj_id> ids = random_ids(objects);
  OBJBENCH_DO(fill(client, ids, kSmallBytes));
  std::ranges::shuffle(ids, std::mt19937_64(objects));  // or neighbours in time are in space, too
  HitLatency latency(client, ids);
  OBJBENCH_DO(latency.samples(kWarmUpSamples));
  OBJBENCH_TRY(auto samples, latency.samples(kSamples));
  return median(std::move(samples));
}

std::string batches_text(const LocalStage& stage) {
  return fmt::format("p50 over batches of {} get+release, arena {}", HitLatency::kPairsPerSample,
                     stage.pages);
}

}  // namespace

Outcome<Measurement> measure_get_hit_10k(const Surroundings& surroundings) {
  return on_local_stage(surroundings, room_for(10'000),
                        [](const LocalStage& stage) -> Outcome<Measurement> {
                          OBJBENCH_TRY(const double value, hit_among(stage.client, 10'000));
                          OBJBENCH_TRY(const double yardstick, ring_round_trip_ns());
                          return Measurement{value, yardstick, kSamples, batches_text(stage)};
                        });
}

Outcome<Measurement> measure_get_hit_1m(const Surroundings& surroundings) {
  return on_local_stage(surroundings, room_for(1'000'000),
                        [](const LocalStage& stage) -> Outcome<Measurement> {
                          OBJBENCH_TRY(const double value, hit_among(stage.client, 1'000'000));
                          return Measurement{value, {}, kSamples, batches_text(stage)};
                        });
}

Outcome<Measurement> measure_get_hit_2_clients(const Surroundings& surroundings) {
  return on_local_stage(
      surroundings, room_for(10'000), [](const LocalStage& stage) -> Outcome<Measurement> {
        const obj_id hot = random_ids(1).front();
        OBJBENCH_DO(fill(stage.client, {&hot, 1}, kSmallBytes));
        OBJBENCH_TRY(const double alone, hot_object_hit_ns(stage.daemon.socket(), hot, 1));
        OBJBENCH_TRY(const double together, hot_object_hit_ns(stage.daemon.socket(), hot, 2));
        OBJBENCH_TRY(const double yardstick, hit_among(stage.client, 10'000));
        return Measurement{
            together, yardstick, kSamples,
            fmt::format("the slower of two; one alone on the same object: {:.1f} ns; "
                        "arena {}",
                        alone, stage.pages)};
      });
}

}  // namespace objbench
