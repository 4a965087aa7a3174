// SPDX-License-Identifier: Apache-2.0
// tools/objbench/put_figures.cc -- local_put_1k_*: storing small objects.
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.hh"
#include "tools/objbench/eventfd_ping_pong.hh"
#include "tools/objbench/local_figures.hh"
#include "tools/objbench/local_stage.hh"
#include "tools/objbench/percentiles.hh"
#include "tools/objbench/put_window.hh"
#include "tools/objbench/ring_round_trip.hh"

namespace objbench {
namespace {

constexpr size_t kSmallBytes = 1024;
constexpr size_t kAwakePuts = 50'000;
constexpr size_t kAsleepPuts = 1000;
constexpr size_t kWindowPuts = 400'000;
constexpr size_t kWindow = 64;
constexpr size_t kWarmUpPuts = 1000;
// Many times as long as the daemon polls after a request.
constexpr uint32_t kPauseUs = 2000;

// Room for all puts of a figure, so that none of them evicts.
LocalStageOptions room_for(uint32_t puts) {
  return {.memory_bytes = (uint64_t{puts} * kSmallBytes * 5 / 4) + (uint64_t{64} << 20),
          .objects_max = puts * 2};
}

// us of each of `count` puts, with `pause_us` before each.
Outcome<std::vector<double>> put_latencies_us(const Client& client, size_t count,
                                              uint32_t pause_us) {
  const std::vector<std::byte> data(kSmallBytes, std::byte{0x5a});
  const std::vector<obj_id> ids = random_ids(count);
  std::vector<double> latencies;
  latencies.reserve(count);
  for (const obj_id& id : ids) {
    if (pause_us > 0) ::usleep(pause_us);
    const uint64_t started_ns = obj::monotonic_ns();
    OBJBENCH_DO(put(client, id, data));
    latencies.push_back(static_cast<double>(obj::monotonic_ns() - started_ns) / 1e3);
  }
  return latencies;
}

std::string latency_note(const std::vector<double>& latencies, const LocalStage& stage) {
  return fmt::format("p50; p99 {:.1f} us; arena {}", percentile(latencies, 0.99), stage.pages);
}

}  // namespace

Outcome<Measurement> measure_put_1k_awake(const Surroundings& surroundings) {
  return on_local_stage(surroundings, room_for(kAwakePuts + kWarmUpPuts),
                        [](const LocalStage& stage) -> Outcome<Measurement> {
                          OBJBENCH_DO(put_latencies_us(stage.client, kWarmUpPuts, 0));
                          OBJBENCH_TRY(const auto latencies,
                                       put_latencies_us(stage.client, kAwakePuts, 0));
                          OBJBENCH_TRY(const double round_trip_ns, ring_round_trip_ns());
                          return Measurement{median(latencies), round_trip_ns / 1e3,
                                             latencies.size(), latency_note(latencies, stage)};
                        });
}

Outcome<Measurement> measure_put_1k_asleep(const Surroundings& surroundings) {
  return on_local_stage(
      surroundings, room_for(kAsleepPuts), [](const LocalStage& stage) -> Outcome<Measurement> {
        OBJBENCH_TRY(const auto latencies, put_latencies_us(stage.client, kAsleepPuts, kPauseUs));
        OBJBENCH_TRY(const double yardstick, eventfd_ping_pong_us(kAsleepPuts, kPauseUs));
        return Measurement{median(latencies), yardstick, latencies.size(),
                           fmt::format("{} us of silence before each; {}", kPauseUs,
                                       latency_note(latencies, stage))};
      });
}

Outcome<Measurement> measure_put_1k_64_in_flight(const Surroundings& surroundings) {
  return on_local_stage(
      surroundings, room_for(kWindowPuts + kWarmUpPuts),
      [](const LocalStage& stage) -> Outcome<Measurement> {
        OBJBENCH_DO(fill(stage.client, random_ids(kWarmUpPuts), kSmallBytes));
        const std::vector<std::byte> data(kSmallBytes, std::byte{0x5a});
        const std::vector<obj_id> ids = random_ids(kWindowPuts);
        PutWindow window(stage.client, kWindow);
        const uint64_t started_ns = obj::monotonic_ns();
        for (const obj_id& id : ids) OBJBENCH_DO(window.put(id, data));
        OBJBENCH_DO(window.drain());
        const double seconds = static_cast<double>(obj::monotonic_ns() - started_ns) / 1e9;
        return Measurement{
            static_cast<double>(kWindowPuts) / seconds,
            {},
            kWindowPuts,
            fmt::format("obj_put_async, the oldest collected first; arena {}", stage.pages)};
      });
}

}  // namespace objbench
