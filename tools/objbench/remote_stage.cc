// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/remote_stage.hh"

#include "base/clock.hh"
#include "tools/objbench/private_cluster.hh"

namespace objbench {
namespace {

constexpr int32_t kGetMs = 60'000;
constexpr size_t kWarmUpBytes = 1 << 20;
// Above every limit of objects that a figure gets in one call.
constexpr uint32_t kRequestsMax = 16'384;

// Connections are made when they are first needed; that is not what a figure is about.
Outcome<void> warm_up(const RemoteStage& stage) {
  const std::vector<obj_id> ids = random_ids(1);
  OBJBENCH_DO(store_reported(stage.source, ids, kWarmUpBytes));
  OBJBENCH_DO(timed_get_us(stage.reader, ids.front(), kWarmUpBytes));
  return remove_all(stage.source, ids);
}

Outcome<Measurement> with_clients(
    const PrivateCluster& cluster,
    const std::function<Outcome<Measurement>(const RemoteStage&)>& measure) {
  const std::vector<std::string> sockets = cluster.sockets();
  OBJBENCH_TRY(Client source, Client::open(sockets.front(), kRequestsMax));
  OBJBENCH_TRY(Client reader, Client::open(sockets.back(), kRequestsMax));
  const RemoteStage stage{source, reader, cluster.pids().front()};
  OBJBENCH_DO(warm_up(stage));
  return measure(stage);
}

}  // namespace

Outcome<Measurement> on_remote_stage(
    const Surroundings& surroundings, const RemoteStageOptions& options,
    const std::function<Outcome<Measurement>(const RemoteStage&)>& measure) {
  OBJBENCH_TRY(PrivateCluster cluster, PrivateCluster::start({.binary = surroundings.objd,
                                                              .directory = surroundings.directory,
                                                              .memory_bytes = options.memory_bytes,
                                                              .transports = options.transports,
                                                              .address = options.address,
                                                              .arguments = options.arguments}));
  auto outcome = with_clients(cluster, measure);
  if (!outcome) return std::unexpected(cluster.with_obituaries(outcome.error()));
  return outcome;
}

Outcome<double> timed_get_us(const Client& reader, const obj_id& id, size_t size_bytes) {
  obj_view view;
  const uint64_t started_ns = obj::monotonic_ns();
  OBJBENCH_DO(succeeded(obj_get(reader.get(), &id, kGetMs, &view), "obj_get"));
  const double elapsed_us = static_cast<double>(obj::monotonic_ns() - started_ns) / 1e3;
  const auto whole = is_whole(view, id, size_bytes);
  OBJBENCH_DO(succeeded(obj_release(reader.get(), &view), "obj_release"));
  if (!whole) return std::unexpected(whole.error());
  return elapsed_us;
}

}  // namespace objbench
