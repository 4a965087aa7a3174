// SPDX-License-Identifier: Apache-2.0
#include "node/cluster_report.hh"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/log.hh"

namespace obj {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  // Addresses come from other nodes and may hold any bytes.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string failure(const std::string& why) { return text_of({{"error", why}}); }
std::string failure(const Error& error) {
  return failure("the directory did not answer: " + log::Field("", error).value);
}
std::string alone() { return failure("this objd is alone: it has no listen address"); }

const char* status_text(directory::NodeStatus status) {
  switch (status) {
    case directory::NodeStatus::kAlive: return "alive";
    case directory::NodeStatus::kDead: return "dead";
    case directory::NodeStatus::kUnknown: break;
  }
  return "unknown";
}

const char* state_text(directory::CopyState state) {
  switch (state) {
    case directory::CopyState::kSealed: return "sealed";
    case directory::CopyState::kSpilled: return "spilled";
    case directory::CopyState::kPartial: break;
  }
  return "partial";
}

// What reads of that node go over; nothing if there were none, or no choice.
Json json_of(const directory::NodeAnswer& node, const std::vector<ReadPath>& paths) {
  const auto path = std::ranges::find(paths, node.info.node, &ReadPath::node);
  const bool is_known = path != paths.end();
  return {{"node", node.info.node.node},
          {"incarnation", node.info.node.incarnation},
          {"status", status_text(node.status)},
          {"address", node.info.address},
          {"arena_bytes", node.info.arena_bytes},
          {"used_bytes", node.load.used_bytes},
          {"load", node.load.load},
          {"transport", is_known ? Json(path->transport) : Json()},
          {"transport_text", is_known ? Json(path->text) : Json()}};
}

Json json_of(const directory::Location& location) {
  const directory::Copy& copy = location.copy;
  return {{"node", location.node.node},
          {"incarnation", location.node.incarnation},
          {"role", copy.role == directory::CopyRole::kPrimary ? "primary" : "secondary"},
          {"state", state_text(copy.state)},
          {"slot", copy.slot},
          {"generation", copy.generation},
          {"offset", copy.offset}};
}

Json json_of(const TransferDescription& transfer) {
  Json sources = Json::array();
  for (const auto& [node, bytes_per_s] : transfer.sources) {
    sources.push_back({{"node", node.node}, {"bytes_per_s", bytes_per_s}});
  }
  return {{"id", to_hex(transfer.id)},        {"class", to_string(transfer.pull_class)},
          {"bytes", transfer.transfer_bytes}, {"done_bytes", transfer.verified_bytes},
          {"waits_for", transfer.waits_for},  {"sources", sources}};
}

}  // namespace

std::string transfers_report(Cluster* cluster, uint64_t now_ns) {
  if (cluster == nullptr) return alone();
  PullManager& pulls = cluster->objects().pulls();
  Json list = Json::array();
  for (const TransferDescription& transfer : pulls.transfers(now_ns)) {
    list.push_back(json_of(transfer));
  }
  return text_of({{"transfers", list},
                  {"wanted_objects", pulls.wanted_objects()},
                  {"in_flight_bytes", pulls.in_flight_bytes()}});
}

void report_nodes(Cluster* cluster, uint64_t now_ns, const ReportReader& done) {
  if (cluster == nullptr) return done(alone());
  const uint32_t self = cluster->self().node;
  const auto answer = [cluster, self,
                       done](const Result<std::vector<directory::NodeAnswer>>& nodes) {
    if (!nodes) return done(failure(nodes.error()));
    const std::vector<ReadPath> paths = cluster->read_paths();
    Json list = Json::array();
    for (const directory::NodeAnswer& node : *nodes) list.push_back(json_of(node, paths));
    done(text_of({{"self", self}, {"nodes", list}}));
  };
  const auto asked = cluster->objects().list_nodes(now_ns, answer);
  if (!asked) done(failure(asked.error()));
}

void report_locations(Cluster* cluster, const ObjectId& id, uint64_t now_ns,
                      const ReportReader& done) {
  if (cluster == nullptr) return done(alone());
  const auto answer = [id, done](const Result<directory::Located>& located) {
    if (!located && located.error().code == ErrorCode::kNotFound) {
      return done(text_of({{"id", to_hex(id)}, {"copies_known", 0}, {"copies", Json::array()}}));
    }
    if (!located) return done(failure(located.error()));
    Json copies = Json::array();
    for (const directory::Location& location : located->copies) copies.push_back(json_of(location));
    done(text_of({{"id", to_hex(id)},
                  {"data_bytes", located->shape.data_bytes},
                  {"metadata_bytes", located->shape.metadata_bytes},
                  {"copies_known", located->copies_known},
                  {"copies", copies}}));
  };
  const auto asked = cluster->objects().locate(id, now_ns, answer);
  if (!asked) done(failure(asked.error()));
}

std::string cluster_summary(Cluster& cluster) {
  RemoteObjects& objects = cluster.objects();
  const SameHostCounts same_host = cluster.same_host();
  return text_of({{"node", cluster.self().node},
                  {"address", cluster.address()},
                  {"transport", cluster.transport_text()},
                  {"directory", cluster.directory_address()},
                  {"directory_embedded", cluster.has_directory()},
                  {"directory_connected", objects.directory().connected()},
                  {"reports_refused", objects.directory().reports_refused()},
                  {"pulls", objects.pulls().running_pulls()},
                  {"wanted_objects", objects.pulls().wanted_objects()},
                  {"in_flight_bytes", objects.pulls().in_flight_bytes()},
                  {"reads_in_flight", objects.reads_in_flight()},
                  {"pulled_bytes", objects.pulled_bytes()},
                  {"same_host",
                   {{"neighbours", same_host.neighbours},
                    {"readers", same_host.readers},
                    {"read_bytes", same_host.read_bytes}}}});
}

}  // namespace obj
