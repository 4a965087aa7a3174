// SPDX-License-Identifier: Apache-2.0
// tools/objbench/verbs_figures.cc -- verbs_*: objects of another node by RDMA reads, beside the
// same reads by perftest on the same device.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/clock.hh"
#include "tools/objbench/ib_perftest.hh"
#include "tools/objbench/percentiles.hh"
#include "tools/objbench/process_time.hh"
#include "tools/objbench/rdma_device.hh"
#include "tools/objbench/remote_figures.hh"
#include "tools/objbench/remote_gets.hh"
#include "tools/objbench/remote_stage.hh"

namespace objbench {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kChunkBytes = kMiB;  // objd's default object_chunk_size
constexpr uint64_t kSmallBytes = 4096;

// verbs_pull_64m.
constexpr uint64_t kPullBytes = 64 * kMiB;
constexpr uint32_t kPulls = 15;
constexpr uint32_t kPullDepth = 16;  // chunks that objd has posted to one source by default
constexpr uint64_t kPullReads = 512;

// verbs_get_4k_cached.
constexpr size_t kGets = 1000;

// verbs_multi_get_4k.
constexpr size_t kManyObjects = 1000;
constexpr uint32_t kManyRounds = 15;
constexpr uint32_t kManyDepth = 128;  // reads of a queue pair, objd's and perftest's default
constexpr uint64_t kManyReads = 5000;

// verbs_source_cpu.
constexpr uint64_t kCpuBytes = 256 * kMiB;
constexpr uint32_t kCpuPulls = 4;
constexpr uint32_t kIdleS = 2;

// Two nodes on the device's address, whose reads go over it and nothing else, or over UCX.
RemoteStageOptions stage_options(const RdmaDevice& device, uint64_t object_bytes,
                                 const char* transport) {
  RemoteStageOptions options{.memory_bytes = object_bytes * 9 / 4 + 64 * kMiB,
                             .arguments = {"--transport", transport}};
  if (!device.address.empty()) options.address = device.address;
  if (transport == std::string_view("verbs")) {
    options.arguments.insert(options.arguments.end(), {"--rdma-device", device.text()});
  }
  return options;
}

std::string range_text(const std::vector<double>& values, double unit, const RdmaDevice& device) {
  return fmt::format("on {}, from {:.0f} to {:.0f}", device.text(), percentile(values, 0) / unit,
                     percentile(values, 1) / unit);
}

// The yardstick runs before the nodes start and after they are gone, so that it has the cores and
// the device for itself; the better run counts, since others may work beside either.
Outcome<Measurement> beside_ib_read_bw(const IbReadSpec& spec,
                                       const std::function<Outcome<Measurement>()>& measure,
                                       double (*value_of)(const IbBandwidth& reads)) {
  OBJBENCH_TRY(const IbBandwidth before, run_ib_read_bw(spec));
  OBJBENCH_TRY(Measurement figure, measure());
  OBJBENCH_TRY(const IbBandwidth after, run_ib_read_bw(spec));
  figure.yardstick = std::max(value_of(before), value_of(after));
  figure.note += fmt::format("; {}, {} reads of {} B in flight", ib_perftest_version("ib_read_bw"),
                             spec.depth, spec.size_bytes);
  return figure;
}

struct SourceCpu {
  double pulling = 0;  // % of the time that the source's process was on a processor
  double idle = 0;     // the same while nobody pulls
};

// CPU and wall time of one pull.
Outcome<std::array<double, 2>> pull_times_us(const RemoteStage& stage) {
  const std::vector<obj_id> ids = random_ids(1);
  OBJBENCH_DO(store_reported(stage.source, ids, kCpuBytes));
  OBJBENCH_TRY(const uint64_t before_ns, run_time_ns(stage.source_pid));
  OBJBENCH_TRY(const double wall_us, timed_get_us(stage.reader, ids.front(), kCpuBytes));
  OBJBENCH_TRY(const uint64_t after_ns, run_time_ns(stage.source_pid));
  OBJBENCH_DO(remove_all(stage.source, ids));
  return std::array{static_cast<double>(after_ns - before_ns) / 1e3, wall_us};
}

Outcome<double> idle_cpu_of(pid_t pid) {
  OBJBENCH_TRY(const uint64_t before_ns, run_time_ns(pid));
  const uint64_t started_ns = obj::monotonic_ns();
  ::sleep(kIdleS);
  const uint64_t elapsed_ns = obj::monotonic_ns() - started_ns;
  OBJBENCH_TRY(const uint64_t after_ns, run_time_ns(pid));
  return 100 * static_cast<double>(after_ns - before_ns) / static_cast<double>(elapsed_ns);
}

Outcome<SourceCpu> source_cpu(const Surroundings& surroundings, const RdmaDevice& device,
                              const char* transport) {
  SourceCpu cpu;
  OBJBENCH_DO(on_remote_stage(surroundings, stage_options(device, kCpuBytes, transport),
                              [&](const RemoteStage& stage) -> Outcome<Measurement> {
                                double used_us = 0;
                                double wall_us = 0;
                                for (uint32_t i = 0; i < kCpuPulls; i++) {
                                  OBJBENCH_TRY(const auto times_us, pull_times_us(stage));
                                  used_us += times_us[0];
                                  wall_us += times_us[1];
                                }
                                cpu.pulling = 100 * used_us / wall_us;
                                OBJBENCH_TRY(cpu.idle, idle_cpu_of(stage.source_pid));
                                return Measurement{};
                              }));
  return cpu;
}

}  // namespace

Outcome<Measurement> measure_verbs_pull_64m(const Surroundings& surroundings) {
  OBJBENCH_TRY(const RdmaDevice device, find_rdma_device(surroundings.rdma_device));
  const auto pull = [&](const RemoteStage& stage) -> Outcome<Measurement> {
    OBJBENCH_TRY(const auto speeds, pull_speeds(stage, kPullBytes, kPulls));
    return Measurement{median(speeds) / 1e6, {}, kPulls, range_text(speeds, 1e6, device)};
  };
  return beside_ib_read_bw(
      {.device = device, .size_bytes = kChunkBytes, .depth = kPullDepth, .iterations = kPullReads},
      [&] {
        return on_remote_stage(surroundings, stage_options(device, kPullBytes, "verbs"), pull);
      },
      [](const IbBandwidth& reads) { return reads.bytes_per_second / 1e6; });
}

Outcome<Measurement> measure_verbs_get_4k_cached(const Surroundings& surroundings) {
  OBJBENCH_TRY(const RdmaDevice device, find_rdma_device(surroundings.rdma_device));
  const auto get = [&](const RemoteStage& stage) -> Outcome<Measurement> {
    OBJBENCH_TRY(const auto latencies, small_get_latencies_us(stage, Locations::kCached, kGets));
    const std::string note =
        fmt::format("on {}, p50; p99 {:.1f} us", device.text(), percentile(latencies, 0.99));
    return Measurement{median(latencies), {}, kGets, note};
  };
  OBJBENCH_TRY(Measurement figure,
               on_remote_stage(surroundings, stage_options(device, 0, "verbs"), get));
  OBJBENCH_TRY(const double read_us,
               run_ib_read_lat({.device = device, .size_bytes = kSmallBytes, .iterations = kGets}));
  figure.yardstick = read_us;
  figure.note += "; " + ib_perftest_version("ib_read_lat");
  return figure;
}

Outcome<Measurement> measure_verbs_multi_get_4k(const Surroundings& surroundings) {
  OBJBENCH_TRY(const RdmaDevice device, find_rdma_device(surroundings.rdma_device));
  const auto get_many = [&](const RemoteStage& stage) -> Outcome<Measurement> {
    OBJBENCH_TRY(const auto rates, small_multi_get_rates(stage, kManyObjects, kManyRounds));
    return Measurement{median(rates), {}, kManyRounds * kManyObjects, range_text(rates, 1, device)};
  };
  return beside_ib_read_bw(
      {.device = device, .size_bytes = kSmallBytes, .depth = kManyDepth, .iterations = kManyReads},
      [&] { return on_remote_stage(surroundings, stage_options(device, 0, "verbs"), get_many); },
      [](const IbBandwidth& reads) { return reads.reads_per_second; });
}

Outcome<Measurement> measure_verbs_source_cpu(const Surroundings& surroundings) {
  OBJBENCH_TRY(const RdmaDevice device, find_rdma_device(surroundings.rdma_device));
  OBJBENCH_TRY(const SourceCpu verbs, source_cpu(surroundings, device, "verbs"));
  OBJBENCH_TRY(const SourceCpu ucx, source_cpu(surroundings, device, "ucx"));
  return Measurement{
      verbs.pulling, ucx.pulling, kCpuPulls,
      fmt::format("of objd's threads, on {}; UCX over TCP; while nobody pulls {:.2f} and {:.2f} %",
                  device.text(), verbs.idle, ucx.idle)};
}

}  // namespace objbench
