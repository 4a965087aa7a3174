// SPDX-License-Identifier: Apache-2.0
// tools/objbench/sharing_figures.cc -- pull_*, get_64k_beside_prefetch: how pulls share a link.
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/clock.hh"
#include "tools/objbench/percentiles.hh"
#include "tools/objbench/remote_figures.hh"
#include "tools/objbench/remote_stage.hh"

namespace objbench {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr int32_t kTimeoutMs = 60'000;

// pull_rate_limit_error: so many objects take kLimitS at the limit.
constexpr size_t kLimitedObjects = 64;
constexpr uint64_t kLimitedBytes = 8 * kMiB;
constexpr uint64_t kLimitS = 5;
constexpr uint64_t kLimitBytesPerS = kLimitedObjects * kLimitedBytes / kLimitS;

// pull_fairness.
constexpr uint64_t kFairBytes = 256 * kMiB;
constexpr uint32_t kFairRounds = 3;

// get_64k_beside_prefetch.
constexpr uint64_t kSmallBytes = 64 << 10;
constexpr uint64_t kPrefetchBytes = 1024 * kMiB;
constexpr size_t kSmallObjects = 400;  // more than fit beside one prefetch
constexpr uint32_t kPrefetches = 3;

Outcome<uint64_t> elapsed_of_get_many_ns(const Client& reader, std::span<const obj_id> ids) {
  std::vector<obj_view> views(ids.size());
  std::vector<int> statuses(ids.size());
  const uint64_t started_ns = obj::monotonic_ns();
  OBJBENCH_DO(succeeded(
      obj_get_many(reader.get(), ids.data(), ids.size(), kTimeoutMs, views.data(), statuses.data()),
      "obj_get_many"));
  const uint64_t elapsed_ns = obj::monotonic_ns() - started_ns;
  OBJBENCH_DO(
      succeeded(obj_release_many(reader.get(), views.data(), views.size()), "obj_release_many"));
  return elapsed_ns;
}

// ns that each of two gets takes that start together.
Outcome<std::array<uint64_t, 2>> elapsed_of_two_ns(const Client& reader,
                                                   std::span<const obj_id, 2> ids) {
  std::array<obj_request*, 2> requests{};
  std::array<obj_view, 2> views{};
  std::array<uint64_t, 2> elapsed_ns{};
  const uint64_t started_ns = obj::monotonic_ns();
  for (size_t i = 0; i < 2; i++) {
    OBJBENCH_DO(succeeded(obj_get_async(reader.get(), &ids[i], kTimeoutMs, &views[i], &requests[i]),
                          "obj_get_async"));
  }
  while (elapsed_ns[0] == 0 || elapsed_ns[1] == 0) {
    for (size_t i = 0; i < 2; i++) {
      int done = 0;
      int status = OBJ_OK;
      if (elapsed_ns[i] != 0) continue;
      OBJBENCH_DO(succeeded(obj_test(reader.get(), &requests[i], &done, &status), "obj_test"));
      if (done != 0) OBJBENCH_DO(succeeded(status, "obj_get_async"));
      if (done != 0) elapsed_ns[i] = obj::monotonic_ns() - started_ns;
    }
    ::sched_yield();  // the daemons may need this core
  }
  OBJBENCH_DO(
      succeeded(obj_release_many(reader.get(), views.data(), views.size()), "obj_release_many"));
  return elapsed_ns;
}

Outcome<bool> is_here(const Client& client, const obj_id& id) {
  int present = 0;
  OBJBENCH_DO(succeeded(obj_contains(client.get(), &id, &present), "obj_contains"));
  return present != 0;
}

// us of gets of fresh objects, one at a time, for as long as the prefetch of `large` runs.
Outcome<std::vector<double>> gets_beside_us(const RemoteStage& stage, const obj_id& large) {
  const std::vector<obj_id> ids = random_ids(kSmallObjects);
  OBJBENCH_DO(store_reported(stage.source, ids, kSmallBytes));
  OBJBENCH_DO(succeeded(obj_prefetch(stage.reader.get(), &large, 1, kTimeoutMs), "obj_prefetch"));
  std::vector<double> latencies;
  for (const obj_id& id : ids) {
    OBJBENCH_TRY(const double elapsed_us, timed_get_us(stage.reader, id, kSmallBytes));
    OBJBENCH_TRY(const bool is_over, is_here(stage.reader, large));
    if (is_over) break;
    latencies.push_back(elapsed_us);
  }
  // Waits for what is left of the prefetch, so that the next one is alone.
  OBJBENCH_DO(timed_get_us(stage.reader, large, kPrefetchBytes));
  OBJBENCH_DO(remove_all(stage.source, ids));
  return latencies;
}

Outcome<std::vector<double>> gets_on_idle_link_us(const RemoteStage& stage) {
  const std::vector<obj_id> ids = random_ids(kSmallObjects);
  OBJBENCH_DO(store_reported(stage.source, ids, kSmallBytes));
  std::vector<double> latencies;
  for (const obj_id& id : ids) {
    OBJBENCH_TRY(const double elapsed_us, timed_get_us(stage.reader, id, kSmallBytes));
    latencies.push_back(elapsed_us);
  }
  OBJBENCH_DO(remove_all(stage.source, ids));
  return latencies;
}

}  // namespace

Outcome<Measurement> measure_pull_rate_limit_error(const Surroundings& surroundings) {
  const RemoteStageOptions options{
      .memory_bytes = 768 * kMiB,
      .arguments = {"--pull-bandwidth", std::to_string(kLimitBytesPerS)}};
  return on_remote_stage(
      surroundings, options, [](const RemoteStage& stage) -> Outcome<Measurement> {
        const std::vector<obj_id> ids = random_ids(kLimitedObjects);
        OBJBENCH_DO(store_reported(stage.source, ids, kLimitedBytes));
        OBJBENCH_TRY(const uint64_t elapsed_ns, elapsed_of_get_many_ns(stage.reader, ids));
        const double seconds = static_cast<double>(elapsed_ns) / 1e9;
        const double rate = static_cast<double>(kLimitedObjects * kLimitedBytes) / seconds;
        const double limit = static_cast<double>(kLimitBytesPerS);
        return Measurement{100 * std::abs(rate - limit) / limit,
                           {},
                           kLimitedObjects,
                           fmt::format("{:.1f} MB/s over {:.2f} s, limit {:.1f} MB/s", rate / 1e6,
                                       seconds, limit / 1e6)};
      });
}

Outcome<Measurement> measure_pull_fairness(const Surroundings& surroundings) {
  return on_remote_stage(
      surroundings, {.memory_bytes = 5 * kFairBytes},
      [](const RemoteStage& stage) -> Outcome<Measurement> {
        std::vector<double> ratios;
        std::string times;
        while (ratios.size() < kFairRounds) {
          const std::vector<obj_id> ids = random_ids(2);
          OBJBENCH_DO(store_reported(stage.source, ids, kFairBytes));
          OBJBENCH_TRY(const auto elapsed_ns,
                       elapsed_of_two_ns(stage.reader, std::span<const obj_id, 2>(ids)));
          const auto [faster, slower] = std::ranges::minmax(elapsed_ns);
          ratios.push_back(static_cast<double>(faster) / static_cast<double>(slower));
          times +=
              fmt::format("{}{:.0f} and {:.0f} ms", times.empty() ? "" : ", ",
                          static_cast<double>(faster) / 1e6, static_cast<double>(slower) / 1e6);
          OBJBENCH_DO(remove_all(stage.source, ids));
        }
        return Measurement{median(ratios),
                           {},
                           ratios.size(),
                           fmt::format("two gets of {} MiB at once: {}", kFairBytes / kMiB, times)};
      });
}

Outcome<Measurement> measure_get_64k_beside_prefetch(const Surroundings& surroundings) {
  return on_remote_stage(
      surroundings, {.memory_bytes = kPrefetchBytes * 9 / 4},
      [](const RemoteStage& stage) -> Outcome<Measurement> {
        OBJBENCH_TRY(const auto idle, gets_on_idle_link_us(stage));
        std::vector<double> beside;
        for (uint32_t round = 0; round < kPrefetches; round++) {
          const std::vector<obj_id> large = random_ids(1);
          OBJBENCH_DO(store_reported(stage.source, large, kPrefetchBytes));
          OBJBENCH_TRY(const auto latencies, gets_beside_us(stage, large.front()));
          beside.insert(beside.end(), latencies.begin(), latencies.end());
          OBJBENCH_DO(remove_all(stage.source, large));
        }
        if (beside.empty()) return std::unexpected("each prefetch was over before the first get");
        return Measurement{median(beside), median(idle), beside.size(),
                           fmt::format("p50 of gets during {} prefetches; p99 {:.0f} us",
                                       kPrefetches, percentile(beside, 0.99))};
      });
}

}  // namespace objbench
