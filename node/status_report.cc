// SPDX-License-Identifier: Apache-2.0
#include "node/status_report.hh"

#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "node/cluster_report.hh"
#include "node/spill/storage_report.hh"
#include "store/shared/slot.hh"

namespace obj {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Holding& holding) {
  return {{"objects", holding.objects}, {"bytes", holding.bytes}};
}

Json json_of(const Ledger& ledger) {
  return {
      {"unsealed", json_of(ledger.unsealed)},           {"sealed", json_of(ledger.sealed)},
      {"owner_pinned", json_of(ledger.owner_pinned)},   {"secondary", json_of(ledger.secondary)},
      {"being_spilled", json_of(ledger.being_spilled)}, {"spilled", json_of(ledger.spilled)},
      {"withdrawn", json_of(ledger.withdrawn)}};
}

Json arena_json(const StatusSources& sources) {
  return {{"capacity_bytes", sources.store.ledger().capacity_bytes},
          {"free_bytes", sources.store.ledger().free_bytes},
          {"largest_free_bytes", sources.store.largest_free_bytes()},
          {"pages", sources.arena.pages_text()},
          {"populate_s", sources.arena.populate_seconds()}};
}

Json table_json(const StatusSources& sources) {
  const Ledger& ledger = sources.store.ledger();
  const ControlHeader& control = sources.control;
  const double segment_bytes = static_cast<double>(control.slots_offset) +
                               static_cast<double>(control.slot_count) * sizeof(Slot);
  return {{"objects", ledger.unsealed.objects + ledger.sealed.objects + ledger.withdrawn.objects},
          {"objects_max", control.slot_count},
          {"bytes_per_object", segment_bytes / control.slot_count}};
}

Json audit_json(const StatusSources& sources) {
  const Ledger recount = sources.store.recount();
  Json counted = json_of(recount);
  counted["capacity_bytes"] = recount.capacity_bytes;
  counted["free_bytes"] = recount.free_bytes;
  return {{"agrees", recount == sources.store.ledger()}, {"recount", counted}};
}

const char* why_text(Blocker::Why why) {
  switch (why) {
    case Blocker::Why::kUnsealed: return "unsealed";
    case Blocker::Why::kViewed: return "viewed";
    case Blocker::Why::kOwnerPinned: return "owner_pinned";
    case Blocker::Why::kWithdrawn: return "withdrawn";
    case Blocker::Why::kPulled: return "pulled";
    case Blocker::Why::kRemote: return "remote";
    case Blocker::Why::kSpilling: return "spilling";
    case Blocker::Why::kRestoring: return "restoring";
    case Blocker::Why::kUnspilled: return "unspilled";
  }
  return "unknown";
}

Json blockers_json(const StatusSources& sources) {
  constexpr uint32_t kBlockersMax = 64;
  Json list = Json::array();
  for (const Blocker& blocker : sources.store.blockers(kBlockersMax)) {
    Json entry{{"why", why_text(blocker.why)}};
    if (blocker.why == Blocker::Why::kOwnerPinned) {
      entry["owner"] = blocker.owner;
    } else if (blocker.session <= kClientSessionMax) {
      entry["session"] = blocker.session;
      if (const Session* const session = sources.sessions.find(blocker.session)) {
        entry["pid"] = session->peer().pid;
        entry["name"] = session->peer().name;
      }
    }
    entry["objects"] = blocker.held.objects;
    entry["bytes"] = blocker.held.bytes;
    list.push_back(std::move(entry));
  }
  return list;
}

Json counters_json(const StatusSources& sources) {
  const ServiceCounters& service = sources.service.counters();
  const StoreCounters& store = sources.store.counters();
  return {{"puts", service.puts},
          {"creates", service.creates},
          {"seals", service.seals},
          {"aborts", service.aborts},
          {"slow_gets", service.slow_gets},
          {"waits", service.waits},
          {"deletes", service.deletes},
          {"evicted_objects", store.evicted.objects},
          {"evicted_bytes", store.evicted.bytes},
          {"pin_scans", store.pin_scans},
          {"sessions_opened", sources.sessions.opened()},
          {"sessions_ended", sources.sessions.ended()},
          {"protocol_errors", sources.sessions.breaches()},
          {"out_of_memory", service.out_of_memory},
          {"prefetches", service.prefetches},
          {"pushes", service.pushes},
          {"remote_failures", service.remote_failures},
          {"spills", service.spills},
          {"recalls", service.recalls},
          {"recall_failures", service.recall_failures}};
}

Json sessions_json(const StatusSources& sources) {
  std::vector<HeldPin> pins;
  sources.sessions.collect_pins(pins);
  std::unordered_map<SessionId, uint64_t> views;
  for (const HeldPin& pin : pins) views[pin.session]++;
  Json list = Json::array();
  for (const Session* session : sources.sessions.all()) {
    const Peer& peer = session->peer();
    list.push_back({{"session", session->id()},
                    {"pid", peer.pid},
                    {"uid", peer.uid},
                    {"name", peer.name},
                    {"read_only", peer.read_only},
                    {"views", views[session->id()]},
                    {"in_flight", session->open_operations()},
                    {"waiting", sources.service.waiting_gets(session->id())}});
  }
  return list;
}

Json config_json(const NodeConfig& config) {
  Json all = Json::object();
  for (const ShownSetting& setting : config.shown) {
    all[setting.key] = {{"value", setting.value}, {"origin", setting.origin}};
  }
  return all;
}

}  // namespace

std::string status_report(const StatusSources& sources, bool audit, uint64_t now_ns) {
  char incarnation[17];
  std::snprintf(incarnation, sizeof incarnation, "%016llx",
                static_cast<unsigned long long>(sources.control.incarnation));
  Json report{
      {"version", OBJD_VERSION},
      {"pid", ::getpid()},
      {"uptime_s", static_cast<double>(now_ns - sources.started_ns) / 1e9},
      {"incarnation", incarnation},
      {"socket", sources.config.socket_path},
      {"arena", arena_json(sources)},
      {"table", table_json(sources)},
      {"ledger", json_of(sources.store.ledger())},
      {"blockers", blockers_json(sources)},
      {"waiting",
       {{"creates", sources.service.waiting_creates()}, {"gets", sources.service.waiting_gets()}}},
      {"counters", counters_json(sources)},
      {"sessions", sessions_json(sources)},
      {"config", config_json(sources.config)}};
  if (sources.cluster != nullptr) {
    report["cluster"] = Json::parse(cluster_summary(*sources.cluster));
  }
  if (sources.storage != nullptr) {
    report["storage"] = Json::parse(storage_report(*sources.storage));
  }
  if (audit) report["audit"] = audit_json(sources);
  // Names and paths may hold any bytes; a broken one must not cost the report.
  return report.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace obj
