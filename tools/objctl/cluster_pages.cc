// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/cluster_pages.hh"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tools/objctl/columns.hh"
#include "tools/objctl/size_text.hh"
#include "tools/objctl/status_tables.hh"

namespace objctl {
namespace {

using Side = Columns::Side;

// The elements of a list; of what is no list, none.
std::vector<const Json*> elements(const Json& list) {
  std::vector<const Json*> all;
  if (!list.is_array()) return all;
  for (const Json& element : list) all.push_back(&element);
  return all;
}

std::string share_text(const Json& part, const Json& whole) {
  const auto part_bytes = as_number(part);
  const auto whole_bytes = as_number(whole);
  if (!part_bytes || !whole_bytes || *whole_bytes <= 0) return "-";
  return fmt::format("{:.0f}%", 100 * *part_bytes / *whole_bytes);
}

std::string counted(size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

std::string rate_text(double bytes_per_s) {
  constexpr double kMax = 1e18;  // still a whole number of 64 bits, whatever the report says
  return human_size(static_cast<uint64_t>(std::clamp(bytes_per_s, 0.0, kMax))) + "/s";
}

std::string source_text(const Json& source) {
  const auto rate = as_number(field(source, "bytes_per_s"));
  const std::string node = as_text(field(source, "node"));
  return rate && *rate > 0 ? fmt::format("{} at {}", node, rate_text(*rate)) : node;
}

std::string sources_cell(const Json& transfer) {
  std::string cell;
  for (const Json* source : elements(field(transfer, "sources"))) {
    cell += (cell.empty() ? "" : ", ") + source_text(*source);
  }
  return cell.empty() ? "-" : cell;
}

double rate_of_sources(const Json& transfer) {
  double bytes_per_s = 0;
  for (const Json* source : elements(field(transfer, "sources"))) {
    bytes_per_s += as_number(field(*source, "bytes_per_s")).value_or(0);
  }
  return bytes_per_s;
}

// The transfer of the same object in another report; null if there is none.
const Json& same_transfer(const Json& transfer, const Json& report) {
  static const Json kNull;
  for (const Json* other : elements(field(report, "transfers"))) {
    if (field(*other, "id") == field(transfer, "id")) return *other;
  }
  return kNull;
}

std::string rate_cell(const Json& transfer, const Json& before, double elapsed_s) {
  const auto done = as_count(field(transfer, "done_bytes"));
  const auto done_before = as_count(field(same_transfer(transfer, before), "done_bytes"));
  if (done && done_before && *done >= *done_before && elapsed_s > 0) {
    return rate_text(static_cast<double>(*done - *done_before) / elapsed_s);
  }
  const double observed = rate_of_sources(transfer);
  return observed > 0 ? rate_text(observed) : "-";
}

bool waits(const Json& transfer) {
  const Json& reason = field(transfer, "waits_for");
  return reason.is_string() && !reason.get_ref<const std::string&>().empty();
}

std::string directory_text(const Json& cluster) {
  std::string text = "directory " + as_text(field(cluster, "directory"));
  if (as_flag(field(cluster, "directory_embedded")).value_or(false)) text += " (of this objd)";
  const auto connected = as_flag(field(cluster, "directory_connected"));
  if (connected) text += *connected ? ", connected" : ", NOT CONNECTED";
  const auto refused = as_count(field(cluster, "reports_refused"));
  if (refused && *refused > 0) text += fmt::format(", {} reports refused", grouped(*refused));
  return text;
}

// What this node reads from that one over, if it did and has the choice.
std::string read_over(const Json& node) {
  const Json& transport = field(node, "transport");
  return transport.is_string() ? "read over " + as_text(transport) : "";
}

std::string why_not_verbs(const Json& node) {
  const Json& transport = field(node, "transport");
  const bool is_downgrade = transport.is_string() && transport != "verbs";
  if (!is_downgrade) return "";
  const std::string why = as_text(field(node, "transport_text"));
  return fmt::format("node {}: {}\n", as_text(field(node, "node")), why);
}

}  // namespace

std::string cluster_lines(const Json& status) {
  const Json& cluster = field(status, "cluster");
  if (!cluster.is_object()) return "";
  return fmt::format(
      "CLUSTER   node {} at {}, transport {}\n"
      "          {}\n"
      "          {} pulls of {} objects that are wanted, {} in {} reads under way\n",
      as_text(field(cluster, "node")), as_text(field(cluster, "address")),
      as_text(field(cluster, "transport")), directory_text(cluster),
      count_cell(field(cluster, "pulls")), count_cell(field(cluster, "wanted_objects")),
      size_cell(field(cluster, "in_flight_bytes")), count_cell(field(cluster, "reads_in_flight")));
}

std::string nodes_page(const Json& report) {
  Columns columns({{"NODE", Side::kRight},
                   {"STATUS", Side::kLeft},
                   {"ADDRESS", Side::kLeft},
                   {"USED", Side::kRight},
                   {"ARENA", Side::kRight},
                   {"USE", Side::kRight},
                   {"LOAD", Side::kRight},
                   {"", Side::kLeft}});
  std::vector<const Json*> nodes = elements(field(report, "nodes"));
  std::ranges::sort(nodes, {},
                    [](const Json* node) { return as_count(field(*node, "node")).value_or(0); });
  const auto self = as_count(field(report, "self"));
  for (const Json* node : nodes) {
    const bool is_self = self && as_count(field(*node, "node")) == self;
    columns.add({as_text(field(*node, "node")), as_text(field(*node, "status")),
                 as_text(field(*node, "address")), size_cell(field(*node, "used_bytes")),
                 size_cell(field(*node, "arena_bytes")),
                 share_text(field(*node, "used_bytes"), field(*node, "arena_bytes")),
                 as_text(field(*node, "load")), is_self ? "this node" : read_over(*node)});
  }
  if (columns.empty()) return "the directory knows no node\n";
  std::string page = columns.text();
  for (const Json* node : nodes) page += why_not_verbs(*node);
  return page;
}

bool is_somewhere(const Json& report) { return !elements(field(report, "copies")).empty(); }

std::string where_page(const ObjectName& object, const Json& report) {
  const std::vector<const Json*> copies = elements(field(report, "copies"));
  std::string page = id_text(object.id);
  const Json& size = field(report, "data_bytes");
  if (!size.is_null()) page += "  " + size_cell(size);
  if (copies.empty()) return page + "  on no node\n";
  const auto known = as_count(field(report, "copies_known"));
  page += "  " + (known && *known > copies.size()
                      ? fmt::format("{} of {}", copies.size(), counted(*known, "copy", "copies"))
                      : counted(copies.size(), "copy", "copies"));
  Columns columns({{"NODE", Side::kRight},
                   {"ROLE", Side::kLeft},
                   {"STATE", Side::kLeft},
                   {"SLOT", Side::kRight},
                   {"GENERATION", Side::kRight}},
                  2);
  for (const Json* copy : copies) {
    columns.add({as_text(field(*copy, "node")), as_text(field(*copy, "role")),
                 as_text(field(*copy, "state")), as_text(field(*copy, "slot")),
                 as_text(field(*copy, "generation"))});
  }
  return page + "\n" + columns.text();
}

std::string transfers_page(const Json& now, const Json& before, double elapsed_s) {
  const std::vector<const Json*> transfers = elements(field(now, "transfers"));
  std::string page = fmt::format(
      "{}, {} objects wanted, {} under way\n", counted(transfers.size(), "transfer", "transfers"),
      count_cell(field(now, "wanted_objects")), size_cell(field(now, "in_flight_bytes")));
  Columns columns({{"ID", Side::kLeft},
                   {"CLASS", Side::kLeft},
                   {"SIZE", Side::kRight},
                   {"DONE", Side::kRight},
                   {"RATE", Side::kRight},
                   {"SOURCES", Side::kLeft},
                   {"WAITS FOR", Side::kLeft}});
  for (const Json* transfer : transfers) {
    columns.add({as_text(field(*transfer, "id")), as_text(field(*transfer, "class")),
                 size_cell(field(*transfer, "bytes")),
                 share_text(field(*transfer, "done_bytes"), field(*transfer, "bytes")),
                 rate_cell(*transfer, before, elapsed_s), sources_cell(*transfer),
                 waits(*transfer) ? as_text(field(*transfer, "waits_for")) : "-"});
  }
  return columns.empty() ? page : page + columns.text();
}

}  // namespace objctl
