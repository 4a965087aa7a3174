// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/remote_stage.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/clock.hh"
#include "tools/objbench/private_cluster.hh"

namespace objbench {
namespace {

constexpr int32_t kGetMs = 60'000;
constexpr int kReportMs = 10'000;
constexpr uint32_t kPauseUs = 500;
constexpr size_t kWarmUpBytes = 1 << 20;
// Above every limit of objects that a figure gets in one call.
constexpr uint32_t kRequestsMax = 16'384;

constexpr std::byte kFiller{0x5a};

size_t mark_bytes_of(size_t size_bytes) { return std::min(size_bytes / 2, size_t{OBJ_ID_BYTES}); }

// By comparing the bytes with themselves, one further on: a gibibyte needs no second one.
bool is_all_filler(std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  return bytes.front() == kFiller &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

size_t copies_known(const nlohmann::json& report) {
  return report.value("copies", nlohmann::json::array()).size();
}

// Until the directory knows the object.
Outcome<void> wait_for_report(const Client& client, const obj_id& id) {
  const uint64_t deadline_ns = obj::deadline_after_ms(obj::monotonic_ns(), kReportMs);
  while (obj::monotonic_ns() < deadline_ns) {
    OBJBENCH_TRY(const nlohmann::json report, client.locate(id));
    if (copies_known(report) > 0) return {};
    ::usleep(kPauseUs);
  }
  return std::unexpected(
      fmt::format("the directory did not learn of an object in {} s", kReportMs / 1000));
}

// Connections are made when they are first needed; that is not what a figure is about.
Outcome<void> warm_up(const RemoteStage& stage) {
  const std::vector<obj_id> ids = random_ids(1);
  OBJBENCH_DO(store_at_source(stage, ids, kWarmUpBytes));
  OBJBENCH_DO(timed_get_us(stage.reader, ids.front(), kWarmUpBytes));
  return remove_all(stage.source, ids);
}

Outcome<Measurement> with_clients(
    const PrivateCluster& cluster,
    const std::function<Outcome<Measurement>(const RemoteStage&)>& measure) {
  const std::vector<std::string> sockets = cluster.sockets();
  OBJBENCH_TRY(Client source, Client::open(sockets.front(), kRequestsMax));
  OBJBENCH_TRY(Client reader, Client::open(sockets.back(), kRequestsMax));
  const RemoteStage stage{source, reader};
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
                                                              .arguments = options.arguments}));
  auto outcome = with_clients(cluster, measure);
  if (!outcome) return std::unexpected(cluster.with_obituaries(outcome.error()));
  return outcome;
}

std::vector<std::byte> content_of(const obj_id& id, size_t size_bytes) {
  std::vector<std::byte> data(size_bytes, kFiller);
  const size_t mark_bytes = mark_bytes_of(size_bytes);
  std::memcpy(data.data(), id.bytes, mark_bytes);
  std::memcpy(data.data() + size_bytes - mark_bytes, id.bytes, mark_bytes);
  return data;
}

Outcome<void> is_whole(const obj_view& view, const obj_id& id, size_t size_bytes) {
  if (view.data_bytes != size_bytes) {
    return std::unexpected(
        fmt::format("an object of {} bytes came with {}", size_bytes, view.data_bytes));
  }
  const auto* const data = static_cast<const std::byte*>(view.data);
  const size_t mark_bytes = mark_bytes_of(size_bytes);
  const std::span<const std::byte> middle(data + mark_bytes, size_bytes - 2 * mark_bytes);
  const bool has_marks = std::memcmp(data, id.bytes, mark_bytes) == 0 &&
                         std::memcmp(data + size_bytes - mark_bytes, id.bytes, mark_bytes) == 0;
  if (has_marks && is_all_filler(middle)) return {};
  return std::unexpected("an object came with other bytes than were put");
}

Outcome<void> store_at_source(const RemoteStage& stage, std::span<const obj_id> ids,
                              size_t size_bytes) {
  for (const obj_id& id : ids) OBJBENCH_DO(put(stage.source, id, content_of(id, size_bytes)));
  // Reports keep their order, so the last object stands for all.
  return ids.empty() ? Outcome<void>{} : wait_for_report(stage.source, ids.back());
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

Outcome<void> remove_all(const Client& client, std::span<const obj_id> ids) {
  for (const obj_id& id : ids) OBJBENCH_DO(remove(client, id));
  return {};
}

}  // namespace objbench
