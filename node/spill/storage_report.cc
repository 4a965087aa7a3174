// SPDX-License-Identifier: Apache-2.0
#include "node/spill/storage_report.hh"

#include <nlohmann/json.hpp>

namespace obj {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const SpillDirectoryStatus& directory) {
  return {{"path", directory.path},
          {"working", directory.is_working},
          {"failure", directory.failure},
          {"segments", directory.segments},
          {"live_records", directory.ledger.records},
          {"live_bytes", directory.ledger.live_bytes},
          {"dead_bytes", directory.ledger.dead_bytes},
          {"room_bytes", directory.room_bytes},
          {"queued_bytes", directory.queued_bytes},
          {"records_written", directory.counts.records_written},
          {"bytes_written", directory.counts.bytes_written},
          {"records_restored", directory.counts.records_restored},
          {"bytes_restored", directory.counts.bytes_restored},
          {"write_errors", directory.counts.write_errors},
          {"read_errors", directory.counts.read_errors},
          {"damaged_records", directory.counts.damaged_records}};
}

}  // namespace

std::string storage_report(StorageHost& host) {
  const Storage& storage = host.storage();
  const SpillStatus tier = host.tier().status();
  const SpilledTotals& totals = storage.spilled().totals();
  const SpillCounters& spills = storage.spiller().counters();
  const RestoreCounters& restores = storage.restorer().counters();
  Json directories = Json::array();
  for (const SpillDirectoryStatus& directory : tier.directories) {
    directories.push_back(json_of(directory));
  }
  const Json report{{"driver", tier.driver},
                    {"objects", totals.objects},
                    {"bytes", totals.bytes},
                    {"only_in_storage", totals.only_objects},
                    {"spilling", storage.spiller().writes_in_flight()},
                    {"spilling_bytes", storage.spiller().bytes_in_flight()},
                    {"restoring", storage.restorer().wanted()},
                    {"spilled_objects", spills.written.objects},
                    {"spilled_bytes", spills.written.bytes},
                    {"failed_spills", spills.failed_writes},
                    {"restored_objects", restores.read.objects},
                    {"restored_bytes", restores.read.bytes},
                    {"damaged_records", restores.damaged},
                    {"failed_restores", restores.failed_reads},
                    {"trouble", storage.spiller().why_stuck()},
                    {"directories", directories}};
  // Paths may hold any bytes.
  return report.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace obj
