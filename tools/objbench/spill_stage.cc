// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/spill_stage.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>

#include "base/clock.hh"
#include "tools/objbench/process_time.hh"

namespace objbench {
namespace {

constexpr int32_t kTimeoutMs = 60'000;
constexpr uint32_t kLookEveryUs = 500;
constexpr uint64_t kInFlightBytesMax = 32 << 20;
constexpr size_t kInFlightMax = 1024;
// objd keeps back min_spilling_size, and the share kAtOnce of the arena.
constexpr uint64_t kTailBytes = 4 << 20;
constexpr const char* kAtOnce =
    "0.01";                            // of the arena not spilled yet: less is not a share to objd
constexpr uint64_t kWatchEvery = 256;  // objects
constexpr uint64_t kWarmUpObjectBytes = 1 << 20;

// An object on its way to being sealed.
struct UnfilledPut {
  obj_buffer buffer{};
  obj_request* request = nullptr;
};

// A view on its way, to be released.
struct Read {
  obj_view view{};
  obj_request* request = nullptr;
};

Outcome<void> finish(const Client& client, obj_request*& request, const char* call) {
  return succeeded(obj_wait_all(client.get(), &request, 1, kTimeoutMs, nullptr), call);
}

Outcome<void> require_disk(const std::string& directory, uint64_t size_bytes) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error) return std::unexpected(directory + ": " + error.message());
  if (space.available >= size_bytes) return {};
  return std::unexpected(
      fmt::format("needs {} MiB of disk in {}, {} MiB are free: set TMPDIR to a folder with more",
                  size_bytes >> 20, directory, space.available >> 20));
}

}  // namespace

void shuffle(std::vector<obj_id>& ids) {
  std::ranges::shuffle(ids, std::mt19937_64(std::random_device{}()));
}

Outcome<StorageFolder> StorageFolder::create(const std::string& parent, uint64_t size_bytes) {
  OBJBENCH_DO(require_disk(parent, size_bytes));
  const std::string path = parent + "/storage";
  std::error_code error;
  std::filesystem::create_directory(path, error);
  if (error) return std::unexpected(path + ": " + error.message());
  return StorageFolder(path);
}

StorageFolder::~StorageFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Outcome<SpillStage> SpillStage::open(const SpillStageOptions& options) {
  const std::string spill = options.directory + "/spill";
  std::error_code error;
  std::filesystem::create_directory(spill, error);
  if (error) return std::unexpected(spill + ": " + error.message());
  OBJBENCH_TRY(
      PrivateDaemon daemon,
      PrivateDaemon::start({.binary = options.objd,
                            .directory = options.directory,
                            .memory_bytes = options.memory_bytes,
                            .objects_max = options.objects_max,
                            .arguments = {"--spill-directory", spill, "--object-spilling-threshold",
                                          kAtOnce, "--object-spilling-low-watermark", kAtOnce}}));
  OBJBENCH_TRY(Client client, Client::open(daemon.socket()));
  OBJBENCH_TRY(std::string pages, client.pages());
  return SpillStage(std::move(daemon), std::move(client), std::move(pages));
}

Outcome<std::string> SpillStage::driver() const {
  OBJBENCH_TRY(const nlohmann::json report, client_.status());
  return report.value("/storage/driver"_json_pointer, std::string("unknown"));
}

Outcome<uint64_t> SpillStage::counter(const char* name) const {
  OBJBENCH_TRY(const nlohmann::json report, client_.status());
  const std::string trouble = report.value("/storage/trouble"_json_pointer, std::string());
  if (!trouble.empty()) return std::unexpected("storage: " + trouble);
  return report.value(nlohmann::json::json_pointer(std::string("/storage/") + name), uint64_t{0});
}

Outcome<void> SpillStage::put_unfilled(const std::vector<obj_id>& ids, uint64_t size_bytes) {
  std::vector<UnfilledPut> window(
      std::clamp<size_t>(kInFlightBytesMax / size_bytes, 1, kInFlightMax));
  const size_t depth = window.size();
  // Object i is created at step i, sealed at i + depth/2 + 1, and done at i + depth.
  const size_t half = std::max<size_t>(depth / 2, 1);
  for (size_t step = 0; step < ids.size() + depth; step++) {
    if (step >= depth) {
      OBJBENCH_DO(finish(client_, window[step % depth].request, "obj_seal_async"));
    }
    if (step < ids.size()) {
      UnfilledPut& put = window[step % depth];
      OBJBENCH_DO(succeeded(obj_create_async(client_.get(), &ids[step], size_bytes, 0, kTimeoutMs,
                                             &put.buffer, &put.request),
                            "obj_create_async"));
    }
    // In a window of one, the step at which it is created.
    const size_t lag = std::min(half, depth - 1);
    if (step >= lag && step - lag < ids.size()) {
      UnfilledPut& put = window[(step - lag) % depth];
      OBJBENCH_DO(finish(client_, put.request, "obj_create_async"));
      OBJBENCH_DO(
          succeeded(obj_seal_async(client_.get(), &put.buffer, &put.request), "obj_seal_async"));
    }
    if (watcher_ && step % kWatchEvery == 0) watcher_();
  }
  return {};
}

Outcome<void> SpillStage::wait_until_durable(uint64_t objects) {
  const uint64_t deadline_ns = obj::deadline_after_ms(obj::monotonic_ns(), kTimeoutMs);
  while (true) {
    OBJBENCH_TRY(const uint64_t spilled, counter("spilled_objects"));
    if (spilled >= objects) return {};
    if (obj::monotonic_ns() >= deadline_ns) {
      return std::unexpected(fmt::format("{} of {} objects were not spilled within {} s",
                                         objects - spilled, objects, kTimeoutMs / 1000));
    }
    ::usleep(kLookEveryUs);
  }
}

Outcome<SpillPass> SpillStage::timed(uint64_t objects, uint64_t bytes,
                                     const std::function<Outcome<void>()>& work) {
  OBJBENCH_TRY(const uint64_t cpu_before_ns, run_time_ns(daemon_.pid()));
  const uint64_t started_ns = obj::monotonic_ns();
  OBJBENCH_DO(work());
  const uint64_t elapsed_ns = obj::monotonic_ns() - started_ns;
  OBJBENCH_TRY(const uint64_t cpu_after_ns, run_time_ns(daemon_.pid()));
  return SpillPass{.objects = objects,
                   .bytes = bytes,
                   .restored_objects = 0,
                   .seconds = static_cast<double>(elapsed_ns) / 1e9,
                   .cpu_seconds = static_cast<double>(cpu_after_ns - cpu_before_ns) / 1e9};
}

Outcome<SpillPass> SpillStage::write(const std::vector<obj_id>& ids, uint64_t size_bytes) {
  const size_t tail = std::min<size_t>(kTailBytes / size_bytes, ids.size() - 1);
  const size_t counted = ids.size() - tail;
  OBJBENCH_TRY(const uint64_t before, counter("spilled_objects"));
  auto pass = timed(counted, counted * size_bytes, [&]() -> Outcome<void> {
    OBJBENCH_DO(put_unfilled(ids, size_bytes));
    return wait_until_durable(before + counted);
  });
  if (!pass) return pass;
  for (const obj_id& id : std::span(ids).last(tail)) {
    OBJBENCH_DO(succeeded(obj_spill(client_.get(), &id), "obj_spill"));
  }
  return pass;
}

Outcome<SpillPass> SpillStage::read(const std::vector<obj_id>& ids, uint64_t size_bytes,
                                    uint32_t in_flight) {
  OBJBENCH_TRY(const uint64_t before, counter("restored_objects"));
  auto pass = timed(ids.size(), ids.size() * size_bytes, [&]() -> Outcome<void> {
    std::vector<Read> window(in_flight);
    for (size_t step = 0; step < ids.size() + in_flight; step++) {
      Read& read = window[step % in_flight];
      if (step >= in_flight && step - in_flight < ids.size()) {
        OBJBENCH_DO(finish(client_, read.request, "obj_get_async"));
        if (read.view.data_bytes != size_bytes) return std::unexpected("an object lost its size");
        OBJBENCH_DO(succeeded(obj_release(client_.get(), &read.view), "obj_release"));
      }
      if (step >= ids.size()) continue;
      OBJBENCH_DO(
          succeeded(obj_get_async(client_.get(), &ids[step], kTimeoutMs, &read.view, &read.request),
                    "obj_get_async"));
    }
    return {};
  });
  if (!pass) return pass;
  OBJBENCH_TRY(const uint64_t after, counter("restored_objects"));
  pass->restored_objects = after - before;
  return pass;
}

Outcome<void> SpillStage::remove(const std::vector<obj_id>& ids) {
  std::vector<obj_request*> window(kInFlightMax, nullptr);
  for (size_t i = 0; i < ids.size(); i++) {
    obj_request*& request = window[i % window.size()];
    if (request != nullptr) OBJBENCH_DO(finish(client_, request, "obj_delete_async"));
    OBJBENCH_DO(succeeded(obj_delete_async(client_.get(), &ids[i], &request), "obj_delete_async"));
  }
  for (obj_request*& request : window) {
    if (request != nullptr) OBJBENCH_DO(finish(client_, request, "obj_delete_async"));
  }
  return {};
}

Outcome<void> SpillStage::warm_up(uint64_t bytes) {
  const std::vector<obj_id> ids = random_ids(bytes / kWarmUpObjectBytes);
  const auto pass = write(ids, kWarmUpObjectBytes);
  if (!pass) return std::unexpected(pass.error());
  return remove(ids);
}

Outcome<uint64_t> SpillStage::private_bytes() const {
  const std::string path = fmt::format("/proc/{}/status", daemon_.pid());
  std::ifstream status(path);
  uint64_t kib = 0;
  for (std::string name; status >> name;) {
    // The arena is shared memory, or huge pages that are not counted at all.
    if (name != "RssAnon:" && name != "RssFile:") continue;
    uint64_t value = 0;
    if (status >> value) kib += value;
  }
  if (kib == 0) return std::unexpected(path + " does not tell RssAnon");
  return kib << 10;
}

}  // namespace objbench
