// SPDX-License-Identifier: Apache-2.0
// tools/objbench/directory_figures.cc -- directory_*: one node and the directory that an objd runs.
//
// The node polls on one core and the directory works on another, so two are needed.
#include "tools/objbench/directory_figures.hh"

#include <fmt/format.h>

#include <functional>
#include <vector>

#include "base/clock.hh"
#include "tools/objbench/client.hh"
#include "tools/objbench/directory_node.hh"
#include "tools/objbench/percentiles.hh"
#include "tools/objbench/private_cluster.hh"
#include "tools/objbench/ucx_perftest.hh"

namespace objbench {
namespace {

constexpr uint64_t kArenaBytes = uint64_t{64} << 20;
constexpr uint64_t kObjects = 1'000'000;
constexpr uint64_t kReportsAtOnce = 50'000;
constexpr uint64_t kLookupsAtOnce = 1024;
constexpr uint64_t kStride = 7919;  // objects are asked for in no order
constexpr size_t kUpdateRounds = 40;
constexpr size_t kLookupRounds = 1000;
constexpr size_t kWarmUpTrips = 1000;
constexpr size_t kTrips = 20'000;

// Starts a directory that knows kObjects objects of one node, and measures.
Outcome<Measurement> on_directory(
    const Surroundings& surroundings,
    const std::function<Outcome<Measurement>(DirectoryNode&)>& measure) {
  OBJBENCH_TRY(PrivateCluster cluster, PrivateCluster::start({.binary = surroundings.objd,
                                                              .directory = surroundings.directory,
                                                              .nodes = 1,
                                                              .memory_bytes = kArenaBytes}));
  OBJBENCH_TRY(const Client client, Client::open(cluster.sockets().front()));
  OBJBENCH_TRY(const nlohmann::json status, client.status());
  const auto run = [&]() -> Outcome<Measurement> {
    const auto address = status.value("/cluster/directory"_json_pointer, std::string());
    OBJBENCH_TRY(const std::unique_ptr<DirectoryNode> node, DirectoryNode::join(address));
    for (uint64_t first = 0; first < kObjects; first += kReportsAtOnce) {
      OBJBENCH_DO(node->report(first, kReportsAtOnce, 1));
    }
    return measure(*node);
  };
  auto outcome = run();
  if (!outcome) return std::unexpected(cluster.with_obituaries(outcome.error()));
  return outcome;
}

double per_second(uint64_t count, uint64_t elapsed_ns) {
  return static_cast<double>(count) * 1e9 / static_cast<double>(elapsed_ns);
}

Measurement of_rates(const std::vector<double>& rates, uint64_t samples) {
  return {median(rates),
          {},
          samples,
          fmt::format("from {:.0f} to {:.0f}", percentile(rates, 0), percentile(rates, 1))};
}

}  // namespace

// Known copies move to another generation, as fast as the directory acknowledges them.
Outcome<Measurement> measure_directory_updates(const Surroundings& surroundings) {
  return on_directory(surroundings, [](DirectoryNode& node) -> Outcome<Measurement> {
    std::vector<double> rates;
    for (size_t round = 0; round < kUpdateRounds; round++) {
      const uint64_t first = round * kReportsAtOnce;
      const uint64_t started_ns = obj::monotonic_ns();
      OBJBENCH_DO(node.report(first % kObjects, kReportsAtOnce, 2 + first / kObjects));
      rates.push_back(per_second(kReportsAtOnce, obj::monotonic_ns() - started_ns));
    }
    return of_rates(rates, kUpdateRounds * kReportsAtOnce);
  });
}

Outcome<Measurement> measure_directory_lookups(const Surroundings& surroundings) {
  return on_directory(surroundings, [](DirectoryNode& node) -> Outcome<Measurement> {
    std::vector<double> rates;
    for (size_t round = 0; round < kLookupRounds; round++) {
      const uint64_t started_ns = obj::monotonic_ns();
      OBJBENCH_DO(
          node.look_up(round * kLookupsAtOnce * kStride, kLookupsAtOnce, kStride, kObjects));
      rates.push_back(per_second(kLookupsAtOnce, obj::monotonic_ns() - started_ns));
    }
    return of_rates(rates, kLookupRounds * kLookupsAtOnce);
  });
}

Outcome<Measurement> measure_directory_round_trip(const Surroundings& surroundings) {
  auto outcome = on_directory(surroundings, [](DirectoryNode& node) -> Outcome<Measurement> {
    std::vector<double> trips_us;
    for (size_t trip = 0; trip < kWarmUpTrips + kTrips; trip++) {
      const uint64_t started_ns = obj::monotonic_ns();
      OBJBENCH_DO(node.look_up(trip * kStride, 1, kStride, kObjects));
      const uint64_t elapsed_ns = obj::monotonic_ns() - started_ns;
      if (trip >= kWarmUpTrips) trips_us.push_back(static_cast<double>(elapsed_ns) / 1e3);
    }
    return Measurement{median(trips_us),
                       {},
                       kTrips,
                       fmt::format("p50; p99 {:.1f} us", percentile(trips_us, 0.99))};
  });
  if (!outcome) return outcome;
  OBJBENCH_TRY(const double round_trip_us, message_round_trip_us("tcp"));
  outcome->yardstick = round_trip_us;
  outcome->note += "; twice the latency that " + perftest_version() + " -t ucp_am_lat prints";
  return outcome;
}

}  // namespace objbench
