// SPDX-License-Identifier: Apache-2.0
// tools/objbench/spill_figures.cc -- spill_write_*, spill_read_1m and restore_4k: to storage and
// back at the speed of the file system.
#include "tools/objbench/spill_figures.hh"

#include <fmt/format.h>

#include "tools/objbench/fio.hh"
#include "tools/objbench/spill_stage.hh"

namespace objbench {
namespace {

constexpr uint64_t k1M = 1 << 20;
constexpr uint64_t k4K = 4 << 10;
constexpr uint64_t kMovedBytes = uint64_t{1} << 30;
constexpr uint64_t kSmallArenaBytes = uint64_t{64} << 20;
constexpr uint32_t kLargeInFlight = 32;
constexpr uint32_t kSmallInFlight = 256;
constexpr uint32_t kRandomDepth = 32;
constexpr size_t kRandomReads = 100'000;
// The yardstick's file, what is spilled, and segments that wait to be used again.
constexpr uint64_t kDiskBytes = uint64_t{4} << 30;

// What is written goes when the figure has been measured.
Outcome<Measurement> in_directory(
    const Surroundings& surroundings,
    const std::function<Outcome<Measurement>(const std::string&)>& measure) {
  OBJBENCH_TRY(const StorageFolder directory,
               StorageFolder::create(surroundings.directory, kDiskBytes));
  return measure(directory.path());
}

std::string note_of(const SpillStage& stage, const FioResult& fio) {
  const auto driver = stage.driver();
  return fmt::format("arena {}, {}; {} io_uring O_DIRECT, buffers on {}", stage.pages(),
                     driver ? *driver : "unknown", fio.version, fio.memory);
}

Outcome<Measurement> measure_write(const Surroundings& surroundings, uint64_t size_bytes) {
  return in_directory(surroundings, [&](const std::string& directory) -> Outcome<Measurement> {
    OBJBENCH_TRY(const FioResult fio, run_fio({.directory = directory, .mode = "write"}));
    OBJBENCH_TRY(SpillStage stage,
                 SpillStage::open({.objd = surroundings.objd, .directory = directory}));
    OBJBENCH_DO(stage.warm_up(kMovedBytes));
    OBJBENCH_TRY(const SpillPass pass,
                 stage.write(random_ids(kMovedBytes / size_bytes), size_bytes));
    return Measurement{pass.bytes_per_second() / 1e9, fio.bytes_per_second / 1e9, pass.objects,
                       note_of(stage, fio)};
  });
}

}  // namespace

Outcome<Measurement> measure_spill_write_1m(const Surroundings& surroundings) {
  return measure_write(surroundings, k1M);
}

Outcome<Measurement> measure_spill_write_4k(const Surroundings& surroundings) {
  return measure_write(surroundings, k4K);
}

Outcome<Measurement> measure_spill_read_1m(const Surroundings& surroundings) {
  return in_directory(surroundings, [&](const std::string& directory) -> Outcome<Measurement> {
    OBJBENCH_TRY(const FioResult written, run_fio({.directory = directory, .mode = "write"}));
    OBJBENCH_TRY(const FioResult fio, run_fio({.directory = directory, .mode = "read"}));
    OBJBENCH_TRY(SpillStage stage,
                 SpillStage::open({.objd = surroundings.objd, .directory = directory}));
    const std::vector<obj_id> ids = random_ids(kMovedBytes / k1M);
    if (const auto wrote = stage.write(ids, k1M); !wrote) return std::unexpected(wrote.error());
    OBJBENCH_TRY(const SpillPass pass, stage.read(ids, k1M, kLargeInFlight));
    const double restored_bytes = static_cast<double>(pass.restored_objects * k1M);
    return Measurement{restored_bytes / pass.seconds / 1e9, fio.bytes_per_second / 1e9,
                       pass.restored_objects, note_of(stage, fio)};
  });
}

Outcome<Measurement> measure_restore_4k(const Surroundings& surroundings) {
  return in_directory(surroundings, [&](const std::string& directory) -> Outcome<Measurement> {
    OBJBENCH_TRY(const FioResult written, run_fio({.directory = directory, .mode = "write"}));
    OBJBENCH_TRY(const FioResult fio, run_fio({.directory = directory,
                                               .mode = "randread",
                                               .block_bytes = k4K,
                                               .depth = kRandomDepth,
                                               .moved_bytes = kRandomReads * k4K}));
    OBJBENCH_TRY(SpillStage stage, SpillStage::open({.objd = surroundings.objd,
                                                     .directory = directory,
                                                     .memory_bytes = kSmallArenaBytes}));
    std::vector<obj_id> ids = random_ids(kMovedBytes / k4K);
    if (const auto wrote = stage.write(ids, k4K); !wrote) return std::unexpected(wrote.error());
    shuffle(ids);
    ids.resize(kRandomReads);
    OBJBENCH_TRY(const SpillPass pass, stage.read(ids, k4K, kSmallInFlight));
    return Measurement{
        static_cast<double>(pass.restored_objects) / pass.seconds, fio.operations_per_second,
        pass.restored_objects,
        fmt::format("{} of {} gets found it in memory; {}", pass.objects - pass.restored_objects,
                    pass.objects, note_of(stage, fio))};
  });
}

}  // namespace objbench
