// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/figure_registry.hh"

#include <algorithm>

#include "tools/objbench/directory_figures.hh"
#include "tools/objbench/local_figures.hh"
#include "tools/objbench/remote_figures.hh"
#include "tools/objbench/spill_figures.hh"

namespace objbench {
namespace {

constexpr Better kLower = Better::kLower;
constexpr Better kHigher = Better::kHigher;

constexpr Target at_most(double limit) {
  return {Target::Of::kValue, Target::Bound::kAtMost, limit};
}
constexpr Target below(double limit) { return {Target::Of::kValue, Target::Bound::kBelow, limit}; }
constexpr Target at_least(double limit) {
  return {Target::Of::kValue, Target::Bound::kAtLeast, limit};
}
constexpr Target ratio_at_most(double limit) {
  return {Target::Of::kRatio, Target::Bound::kAtMost, limit};
}
constexpr Target ratio_at_least(double limit) {
  return {Target::Of::kRatio, Target::Bound::kAtLeast, limit};
}

constexpr const char* kRing = "shared-ring round trip";
constexpr const char* kCopy = "best of memcpy and a non-temporal copy";
constexpr const char* kMessage = "active-message round trip";
constexpr const char* kNoBackups = "this build has no backups of the directory yet";

// name, what, unit, better, yardstick, target, how, why not
constexpr Figure kFigures[] = {
    {"local_get_hit_10k", "get+release of a 1 KiB object out of 10 thousand", "ns", kLower, kRing,
     at_most(100), measure_get_hit_10k, ""},
    {"local_get_hit_1m", "get+release of a 1 KiB object out of 1 million", "ns", kLower, "",
     at_most(250), measure_get_hit_1m, ""},
    {"local_get_hit_2_clients", "get+release of one hot object by two processes at once", "ns",
     kLower, "local_get_hit_10k", ratio_at_most(1.2), measure_get_hit_2_clients, ""},
    {"local_put_1k_awake", "put of 1 KiB while the daemon polls", "us", kLower, kRing, at_most(3),
     measure_put_1k_awake, ""},
    {"local_put_1k_asleep", "put of 1 KiB while the daemon sleeps", "us", kLower,
     "eventfd ping-pong", ratio_at_most(1.5), measure_put_1k_asleep, ""},
    {"local_put_1k_64_in_flight", "puts of 1 KiB, 64 in flight, one client", "/s", kHigher, "",
     at_least(500'000), measure_put_1k_64_in_flight, ""},
    {"local_put_64m", "put of 64 MiB, also the first of a process", "GB/s", kHigher, kCopy,
     ratio_at_least(0.95), measure_put_64m, ""},
    {"local_put_1g", "put of 1 GiB, also the first of a process", "GB/s", kHigher, kCopy,
     ratio_at_least(0.95), measure_put_1g, ""},
    {"local_delete", "delete of a 1 KiB object", "us", kLower, "", at_most(3), measure_delete, ""},
    {"local_evict", "evicting one object, when 100,000 make room", "us", kLower, "", at_most(1),
     measure_evict, ""},
    {"idle_cpu", "the daemon's CPU when nothing happens, of a core", "%", kLower, "", below(1),
     measure_idle_cpu, ""},

    {"ucx_tcp_pull_64m", "pull of 64 MiB over UCX, TCP", "GB/s", kHigher,
     "best of ucx_perftest get, active messages, raw TCP", ratio_at_least(0.9),
     measure_tcp_pull_64m, ""},
    {"ucx_tcp_pull_1g", "pull of 1 GiB over UCX, TCP", "GB/s", kHigher,
     "best of ucx_perftest get, active messages, raw TCP", ratio_at_least(0.9), measure_tcp_pull_1g,
     ""},
    {"ucx_shm_pull_64m", "pull of 64 MiB over UCX, shared memory", "GB/s", kHigher,
     "ucx_perftest -t ucp_get over shared memory", ratio_at_least(0.9), measure_shm_pull_64m, ""},
    {"ucx_tcp_multi_get_4k", "10,000 remote objects of 4 KiB in one call", "/s", kHigher, "",
     at_least(100'000), measure_tcp_multi_get_4k, ""},
    {"ucx_tcp_get_4k_cached", "remote get of 4 KiB, location known", "us", kLower, kMessage,
     ratio_at_most(1.5), measure_tcp_get_4k_cached, ""},
    {"ucx_tcp_get_4k_cold", "remote get of 4 KiB, location unknown", "us", kLower, kMessage,
     ratio_at_most(2.5), measure_tcp_get_4k_cold, ""},
    {"pull_rate_limit_error", "how far pulls are off their rate limit over 5 s", "%", kLower, "",
     at_most(5), measure_pull_rate_limit_error, ""},
    {"pull_fairness", "the slower of two equal pulls over the faster", "", kHigher, "",
     at_least(0.9), measure_pull_fairness, ""},
    {"get_64k_beside_prefetch", "remote get of 64 KiB beside a prefetch of 1 GiB", "us", kLower,
     "the same on an idle link", ratio_at_most(3), measure_get_64k_beside_prefetch, ""},

    {"directory_updates", "location updates, one core, TCP, batched", "/s", kHigher, "",
     at_least(1'000'000), measure_directory_updates, ""},
    {"directory_lookups", "location lookups, one core, TCP, batched", "/s", kHigher, "",
     at_least(1'000'000), measure_directory_lookups, ""},
    {"directory_round_trip", "one lookup", "us", kLower, kMessage, ratio_at_most(1.3),
     measure_directory_round_trip, ""},
    {"directory_updates_1_backup", "location updates with one backup, all on 2 cores", "/s",
     kHigher, "directory_updates", ratio_at_least(0.4), nullptr, kNoBackups},
    {"directory_updates_2_backups", "location updates with two backups, all on 2 cores", "/s",
     kHigher, "directory_updates", ratio_at_least(0.2), nullptr, kNoBackups},
    {"directory_failover", "from the death of a primary to its successor's first answer", "s",
     kLower, "", at_most(3), nullptr, kNoBackups},

    {"verbs_pull_64m", "pull of 64 MiB by RDMA reads", "MB/s", kHigher,
     "ib_read_bw, same chunk and depth", ratio_at_least(0.95), measure_verbs_pull_64m, ""},
    {"verbs_get_4k_cached", "remote get of 4 KiB by RDMA, location known", "us", kLower,
     "ib_read_lat at 4 KiB", ratio_at_most(2.2), measure_verbs_get_4k_cached, ""},
    {"verbs_multi_get_4k", "1,000 remote objects of 4 KiB in one call", "/s", kHigher,
     "ib_read_bw message rate at 4 KiB", ratio_at_least(0.5), measure_verbs_multi_get_4k, ""},
    {"verbs_source_cpu", "the source's CPU during a pull of 256 MiB", "% of wall", kLower,
     "the UCX data plane's", at_most(1), measure_verbs_source_cpu, ""},

    {"spill_write_1m", "spilling objects of 1 MiB", "GB/s", kHigher,
     "fio io_uring O_DIRECT 1 MiB depth 16", ratio_at_least(0.9), measure_spill_write_1m, ""},
    {"spill_read_1m", "restoring objects of 1 MiB", "GB/s", kHigher,
     "fio io_uring O_DIRECT 1 MiB depth 16", ratio_at_least(0.9), measure_spill_read_1m, ""},
    {"spill_write_4k", "spilling objects of 4 KiB", "GB/s", kHigher, "fio 1 MiB writes",
     ratio_at_least(0.7), measure_spill_write_4k, ""},
    {"restore_4k", "restoring objects of 4 KiB", "/s", kHigher, "fio random 4 KiB reads, depth 32",
     ratio_at_least(0.7), measure_restore_4k, ""},
    {"spill_cpu", "CPU seconds for a GiB, each way", "s", kLower, "", at_most(0.05),
     measure_spill_cpu, ""},
    {"spill_rss_growth", "memory over the arena while 10 times the arena is spilled", "MiB", kLower,
     "", at_most(64), measure_spill_rss_growth, ""},
    {"working_set_3x", "round robin over 3 times the arena", "GB/s", kHigher, "spill_read_1m",
     ratio_at_least(0.8), measure_working_set_3x, ""},
};

}  // namespace

std::span<const Figure> figures() { return kFigures; }

const Figure* find_figure(std::string_view name) {
  const auto* const found = std::ranges::find(kFigures, name, &Figure::name);
  return found == std::end(kFigures) ? nullptr : found;
}

}  // namespace objbench
