// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/listing.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "tools/objctl/json_fields.hh"
#include "tools/objctl/object_name.hh"
#include "tools/objctl/size_text.hh"

namespace objctl {
namespace {

// 2^64 - 1 has 20 digits.
constexpr const char* kShortRow = "{:<32}  {:>10}  {}\n";
constexpr const char* kExactRow = "{:<32}  {:>20}  {}\n";
constexpr const char* kLongRow = "{:<32}  {:>10}  {:>20}  {:>10}  {:<8}  {:>5}  {:>4}  {:>8}  {}\n";

int compare_ids(const obj_info& a, const obj_info& b) {
  return std::memcmp(a.id.bytes, b.id.bytes, OBJ_ID_BYTES);
}

bool comes_first(const obj_info& a, const obj_info& b, ListingOrder::Key key) {
  if (key == ListingOrder::Key::kSize && a.data_bytes != b.data_bytes) {
    return a.data_bytes < b.data_bytes;
  }
  if (key == ListingOrder::Key::kState && a.state != b.state) return a.state < b.state;
  return compare_ids(a, b) < 0;
}

}  // namespace

bool ListingFilter::admits(const obj_info& info) const {
  if (info.data_bytes < size_bytes_min) return false;
  if (!states.empty() && std::ranges::find(states, info.state) == states.end()) return false;
  return id_prefix.empty() || id_text(info.id).starts_with(id_prefix);
}

std::string state_text(uint32_t state) {
  switch (state) {
    case OBJ_STATE_CREATING: return "creating";
    case OBJ_STATE_SEALED: return "sealed";
    case OBJ_STATE_LEAVING: return "leaving";
    case OBJ_STATE_SPILLED: return "spilled";
    default: return std::to_string(state);
  }
}

std::optional<uint32_t> state_from(std::string_view text) {
  for (const uint32_t state : {OBJ_STATE_CREATING, OBJ_STATE_SEALED, OBJ_STATE_LEAVING}) {
    if (text == state_text(state)) return state;
  }
  return std::nullopt;
}

void sort_listing(std::vector<obj_info>& infos, ListingOrder order) {
  if (order.key == ListingOrder::Key::kNone) return;
  std::ranges::sort(infos, [order](const obj_info& a, const obj_info& b) {
    return order.is_reversed ? comes_first(b, a, order.key) : comes_first(a, b, order.key);
  });
}

std::string listing_header(ListingColumns columns) {
  if (columns.ids_only) return "";
  if (columns.is_long) {
    return fmt::format(kLongRow, "ID", "SIZE", "BYTES", "METADATA", "STATE", "VIEWS", "PINS",
                       "CREATOR", "GENERATION");
  }
  return columns.exact_sizes ? fmt::format(kExactRow, "ID", "BYTES", "STATE")
                             : fmt::format(kShortRow, "ID", "SIZE", "STATE");
}

std::string listing_row(const obj_info& info, ListingColumns columns) {
  const std::string id = id_text(info.id);
  if (columns.ids_only) return id + "\n";
  const std::string size = human_size(info.data_bytes, "");
  const std::string state = state_text(info.state);
  if (columns.is_long) {
    const std::string creator = info.creator_pid == 0 ? "-" : std::to_string(info.creator_pid);
    return fmt::format(kLongRow, id, size, info.data_bytes, info.metadata_bytes, state, info.views,
                       info.owner_pins, creator, info.generation);
  }
  return columns.exact_sizes ? fmt::format(kExactRow, id, info.data_bytes, state)
                             : fmt::format(kShortRow, id, size, state);
}

std::string listing_json(const obj_info& info, bool is_long) {
  Json line = {{"id", id_text(info.id)},
               {"state", state_text(info.state)},
               {"data_bytes", info.data_bytes},
               {"metadata_bytes", info.metadata_bytes},
               {"generation", info.generation}};
  if (is_long) {
    line["views"] = info.views;
    line["owner_pins"] = info.owner_pins;
    line["creator_pid"] = info.creator_pid;
  }
  return json_line(line);
}

}  // namespace objctl
