// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/remote_gets.hh"

#include <span>

#include "base/clock.hh"

namespace objbench {
namespace {

constexpr size_t kSmallBytes = 4096;
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

}  // namespace

Outcome<std::vector<double>> pull_speeds(const RemoteStage& stage, uint64_t size_bytes,
                                         uint32_t count) {
  std::vector<double> speeds;
  while (speeds.size() < count) {
    const std::vector<obj_id> ids = random_ids(1);
    OBJBENCH_DO(store_reported(stage.source, ids, size_bytes));
    OBJBENCH_TRY(const double elapsed_us, timed_get_us(stage.reader, ids.front(), size_bytes));
    speeds.push_back(static_cast<double>(size_bytes) / (elapsed_us / 1e6));
    OBJBENCH_DO(remove_all(stage.source, ids));
  }
  return speeds;
}

Outcome<std::vector<double>> small_get_latencies_us(const RemoteStage& stage, Locations locations,
                                                    size_t count) {
  const std::vector<obj_id> ids = random_ids(kWarmUpGets + count);
  OBJBENCH_DO(store_reported(stage.source, ids, kSmallBytes));
  if (locations == Locations::kCached) OBJBENCH_DO(learn_locations(stage.reader, ids));
  const std::span<const obj_id> all(ids);
  OBJBENCH_DO(timed_gets_us(stage.reader, all.first(kWarmUpGets)));
  return timed_gets_us(stage.reader, all.subspan(kWarmUpGets));
}

Outcome<std::vector<double>> small_multi_get_rates(const RemoteStage& stage, size_t objects,
                                                   uint32_t rounds) {
  std::vector<double> rates;
  while (rates.size() < rounds) {
    const std::vector<obj_id> ids = random_ids(objects);
    OBJBENCH_DO(store_reported(stage.source, ids, kSmallBytes));
    OBJBENCH_TRY(const double elapsed_us, timed_get_many_us(stage.reader, ids));
    rates.push_back(static_cast<double>(ids.size()) / (elapsed_us / 1e6));
    OBJBENCH_DO(remove_all(stage.source, ids));
  }
  return rates;
}

}  // namespace objbench
