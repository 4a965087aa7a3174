// SPDX-License-Identifier: Apache-2.0
// tools/objbench/spill_cost_figures.cc -- what spilling costs, and what it is worth: CPU, memory,
// and a working set that does not fit.
#include <fmt/format.h>

#include <algorithm>

#include "tools/objbench/spill_figures.hh"
#include "tools/objbench/spill_stage.hh"

namespace objbench {
namespace {

constexpr uint64_t k1M = 1 << 20;
constexpr uint64_t kArenaBytes = uint64_t{256} << 20;
constexpr uint64_t kMovedBytes = uint64_t{1} << 30;
constexpr uint32_t kInFlight = 32;
constexpr uint32_t kRounds = 3;
constexpr uint64_t kDiskBytes = uint64_t{4} << 30;

Outcome<Measurement> on_spill_stage(
    const Surroundings& surroundings,
    const std::function<Outcome<Measurement>(SpillStage&)>& measure) {
  OBJBENCH_TRY(const StorageFolder directory,
               StorageFolder::create(surroundings.directory, kDiskBytes));
  OBJBENCH_TRY(SpillStage stage, SpillStage::open({.objd = surroundings.objd,
                                                   .directory = directory.path(),
                                                   .memory_bytes = kArenaBytes}));
  return measure(stage);
}

}  // namespace

Outcome<Measurement> measure_spill_cpu(const Surroundings& surroundings) {
  return on_spill_stage(surroundings, [](SpillStage& stage) -> Outcome<Measurement> {
    OBJBENCH_DO(stage.warm_up(kMovedBytes));
    const std::vector<obj_id> ids = random_ids(kMovedBytes / k1M);
    OBJBENCH_TRY(const SpillPass out, stage.write(ids, k1M));
    OBJBENCH_TRY(const SpillPass in, stage.read(ids, k1M, kInFlight));
    const double each_way[] = {out.cpu_seconds_per_gib(), in.cpu_seconds_per_gib()};
    return Measurement{*std::ranges::max_element(each_way),
                       {},
                       out.objects + in.objects,
                       fmt::format("the dearer way; objects of 1 MiB, all of the daemon: out "
                                   "{:.3f}, in {:.3f}; arena {}",
                                   each_way[0], each_way[1], stage.pages())};
  });
}

Outcome<Measurement> measure_spill_rss_growth(const Surroundings& surroundings) {
  return on_spill_stage(surroundings, [](SpillStage& stage) -> Outcome<Measurement> {
    OBJBENCH_TRY(const uint64_t before, stage.private_bytes());
    uint64_t peak = before;
    uint64_t looks = 0;
    stage.set_watcher([&] {
      if (const auto now = stage.private_bytes()) peak = std::max(peak, *now);
      looks++;
    });
    const std::vector<obj_id> ids = random_ids(10 * kArenaBytes / k1M);
    if (const auto pass = stage.write(ids, k1M); !pass) return std::unexpected(pass.error());
    OBJBENCH_TRY(const uint64_t after, stage.private_bytes());
    peak = std::max(peak, after);
    return Measurement{static_cast<double>(peak - before) / (1 << 20),
                       {},
                       looks,
                       fmt::format("arena {} MiB; besides it {} MiB before, {} at most",
                                   kArenaBytes >> 20, before >> 20, peak >> 20)};
  });
}

Outcome<Measurement> measure_working_set_3x(const Surroundings& surroundings) {
  return on_spill_stage(surroundings, [](SpillStage& stage) -> Outcome<Measurement> {
    // The yardstick, as spill_read_1m measures it.
    const std::vector<obj_id> large = random_ids(kMovedBytes / k1M);
    if (const auto wrote = stage.write(large, k1M); !wrote) return std::unexpected(wrote.error());
    OBJBENCH_TRY(const SpillPass once, stage.read(large, k1M, kInFlight));
    OBJBENCH_DO(stage.remove(large));

    const std::vector<obj_id> ids = random_ids(3 * kArenaBytes / k1M);
    if (const auto wrote = stage.write(ids, k1M); !wrote) return std::unexpected(wrote.error());
    uint64_t bytes = 0;
    uint64_t restored = 0;
    double seconds = 0;
    for (uint32_t round = 0; round < kRounds; round++) {
      OBJBENCH_TRY(const SpillPass pass, stage.read(ids, k1M, kInFlight));
      bytes += pass.bytes;
      restored += pass.restored_objects;
      seconds += pass.seconds;
    }
    return Measurement{
        static_cast<double>(bytes) / seconds / 1e9,
        static_cast<double>(once.restored_objects * k1M) / once.seconds / 1e9, ids.size() * kRounds,
        fmt::format("{} rounds over {} MiB, arena {} MiB ({}); {} of {} gets came from storage",
                    kRounds, 3 * kArenaBytes >> 20, kArenaBytes >> 20, stage.pages(), restored,
                    ids.size() * kRounds)};
  });
}

}  // namespace objbench
