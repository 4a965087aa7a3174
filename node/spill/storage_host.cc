// SPDX-License-Identifier: Apache-2.0
#include "node/spill/storage_host.hh"

#include <algorithm>
#include <utility>

#include "base/clock.hh"
#include "base/log.hh"
#include "node/size_text.hh"
#include "spill/open_disk.hh"

namespace obj {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;
// For what the disks have when the node ends.
constexpr uint64_t kClosePatienceNs = 3 * kNsPerSecond;

LocalSpillOptions tier_options(const SpillConfig& config) {
  LocalSpillOptions options;
  for (const std::string& path : config.directories) {
    SpillDirectoryOptions directory;
    directory.path = path;
    directory.capacity_threshold = config.capacity_threshold;
    options.directories.push_back(directory);
  }
  options.writer.fused_objects_max = config.max_fused_object_count;
  options.writer.codec = config.compression;
  options.writer.copies = config.copies;
  return options;
}

StorageOptions storage_options(const SpillConfig& config) {
  StorageOptions options;
  options.spiller.high = config.threshold;
  options.spiller.low = config.low_watermark;
  options.spiller.batch_bytes_min = config.min_spilling_size;
  options.spiller.batch_objects_max = config.max_fused_object_count;
  options.grace_ns = config.oom_grace_period_s * kNsPerSecond;
  return options;
}

}  // namespace

std::expected<std::unique_ptr<StorageHost>, std::string> StorageHost::start(
    const SpillConfig& config, const StorageHostParts& parts, Reactor& reactor) {
  auto disk = open_disk(DiskDriver::kAuto);
  if (!disk) return std::unexpected("spill_directory: " + log::Field("", disk.error()).value);
  auto tier = LocalSpill::open(tier_options(config), std::move(*disk), parts.arena);
  if (!tier) return std::unexpected("spill_directory: " + tier.error().sentence);
  std::unique_ptr<StorageHost> host(
      new StorageHost(std::move(*tier), parts, storage_options(config)));
  const SpilledTotals found = host->storage_.spilled().totals();
  log::info("storage_ready", {{"directories", config.directories.size()},
                              {"objects", found.objects},
                              {"bytes", size_text(found.bytes)},
                              {"room", size_text(host->tier_->room_bytes())}});
  if (const auto added = reactor.add(host->tier_->events()); !added) {
    return std::unexpected("reactor: " + log::Field("", added.error()).value);
  }
  return host;
}

StorageHost::StorageHost(std::unique_ptr<LocalSpill> tier, const StorageHostParts& parts,
                         const StorageOptions& options)
    : tier_(std::move(tier)),
      storage_({.store = parts.store,
                .admission = parts.admission,
                .pins = parts.pins,
                .arena = parts.arena,
                .tier = *tier_,
                .news = parts.news,
                .origin_of = parts.origin_of},
               options) {
  tier_->set_completions(storage_);
  for (const FoundRecord& record : tier_->findings().records) storage_.found(record);
  tier_->forget_findings();
}

StorageHost::~StorageHost() {
  if (!tier_->close(monotonic_ns() + kClosePatienceNs)) {
    log::warn("spills_left_behind", {{"note", "the disks did not finish in time"}});
  }
}

void StorageHost::step(uint64_t now_ns) {
  storage_.step(now_ns);
  has_more_ = tier_->step(now_ns);
}

uint64_t StorageHost::next_step_ns() const {
  if (has_more_) return 0;
  return std::min(storage_.next_step_ns(), tier_->due_ns());
}

uint64_t StorageHost::drain(uint64_t deadline_ns) {
  const uint64_t begun = storage_.drain();
  if (begun > 0) log::info("drain_begins", {{"objects", begun}});
  while (storage_.spiller().writes_in_flight() > 0 && monotonic_ns() < deadline_ns) {
    tier_->step(monotonic_ns());
    tier_->events().progress(64);
  }
  return storage_.count_unsafe();
}

}  // namespace obj
