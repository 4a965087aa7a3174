// SPDX-License-Identifier: Apache-2.0
// tools/objbench/room_figures.cc -- local_delete and local_evict: making room.
#include <fmt/format.h>

#include "base/clock.hh"
#include "tools/objbench/local_figures.hh"
#include "tools/objbench/local_stage.hh"
#include "tools/objbench/percentiles.hh"
#include "tools/objbench/put_window.hh"

namespace objbench {
namespace {

constexpr size_t kSmallBytes = 1024;
constexpr size_t kDeletes = 50'000;
constexpr size_t kEvictedObjects = 100'000;
constexpr int32_t kTimeoutMs = 10'000;

// As many whole 2 MiB pages as the small objects need: full when they are in.
constexpr uint64_t kPageBytes = uint64_t{2} << 20;
constexpr uint64_t kEvictArenaBytes =
    (kEvictedObjects * kSmallBytes + kPageBytes - 1) / kPageBytes * kPageBytes;

Outcome<uint64_t> evicted_objects(const Client& client) {
  OBJBENCH_TRY(const nlohmann::json report, client.status());
  return report.value("/counters/evicted_objects"_json_pointer, uint64_t{0});
}

// ns of a create that needs nearly the whole arena: the memory of kEvictedObjects.
Outcome<uint64_t> large_create_ns(const Client& client) {
  const obj_id id = random_ids(1).front();
  obj_buffer buffer;
  const uint64_t started_ns = obj::monotonic_ns();
  OBJBENCH_DO(succeeded(
      obj_create(client.get(), &id, kEvictedObjects * kSmallBytes, 0, kTimeoutMs, &buffer),
      "obj_create"));
  const uint64_t elapsed_ns = obj::monotonic_ns() - started_ns;
  OBJBENCH_DO(succeeded(obj_abort(client.get(), &buffer), "obj_abort"));
  return elapsed_ns;
}

}  // namespace

Outcome<Measurement> measure_delete(const Surroundings& surroundings) {
  return on_local_stage(surroundings, {}, [](const LocalStage& stage) -> Outcome<Measurement> {
    const std::vector<obj_id> ids = random_ids(kDeletes);
    OBJBENCH_DO(fill(stage.client, ids, kSmallBytes));
    std::vector<double> latencies;
    latencies.reserve(ids.size());
    for (const obj_id& id : ids) {
      const uint64_t started_ns = obj::monotonic_ns();
      OBJBENCH_DO(remove(stage.client, id));
      latencies.push_back(static_cast<double>(obj::monotonic_ns() - started_ns) / 1e3);
    }
    return Measurement{median(latencies),
                       {},
                       latencies.size(),
                       fmt::format("1 KiB objects, one at a time, daemon awake; p99 {:.1f} us",
                                   percentile(latencies, 0.99))};
  });
}

Outcome<Measurement> measure_evict(const Surroundings& surroundings) {
  const LocalStageOptions options{.memory_bytes = kEvictArenaBytes,
                                  .objects_max = kEvictedObjects * 2};
  return on_local_stage(surroundings, options, [](const LocalStage& stage) -> Outcome<Measurement> {
    OBJBENCH_DO(fill(stage.client, random_ids(kEvictArenaBytes / kSmallBytes), kSmallBytes));
    OBJBENCH_TRY(const uint64_t before, evicted_objects(stage.client));
    OBJBENCH_TRY(const uint64_t elapsed_ns, large_create_ns(stage.client));
    OBJBENCH_TRY(const uint64_t after, evicted_objects(stage.client));
    const uint64_t evicted = after - before;
    if (evicted == 0) return std::unexpected("the create evicted nothing");
    return Measurement{static_cast<double>(elapsed_ns) / 1e3 / static_cast<double>(evicted),
                       {},
                       evicted,
                       fmt::format("one create of {} MiB evicted {} objects in {:.1f} ms",
                                   (kEvictedObjects * kSmallBytes) >> 20, evicted,
                                   static_cast<double>(elapsed_ns) / 1e6)};
  });
}

}  // namespace objbench
