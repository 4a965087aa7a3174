// SPDX-License-Identifier: Apache-2.0
// tools/objctl/listing.hh -- which objects `ls` shows, in which order and how. Pure.
#pragma once

#include <obj/obj.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace objctl {

struct ListingFilter {
  std::string id_prefix;         // lower-case hex digits
  std::vector<uint32_t> states;  // enum obj_state; empty: all
  uint64_t size_bytes_min = 0;

  bool admits(const obj_info& info) const;
};

struct ListingOrder {
  enum class Key { kId, kSize, kState, kNone };
  Key key = Key::kId;
  bool is_reversed = false;
};

struct ListingColumns {
  bool is_long = false;  // all that obj_stat() knows
  bool exact_sizes = false;
  bool ids_only = false;
};

// "creating", "sealed", "leaving"; the number for states that this version does not know.
std::string state_text(uint32_t state);
std::optional<uint32_t> state_from(std::string_view text);

// Ties are in the order of ids, so that equal stores list equally.
void sort_listing(std::vector<obj_info>& infos, ListingOrder order);

// Columns of fixed width: a listing of millions is written in parts.
std::string listing_header(ListingColumns columns);
std::string listing_row(const obj_info& info, ListingColumns columns);
// One line of JSON. `is_long`: with what only obj_stat() knows.
std::string listing_json(const obj_info& info, bool is_long);

}  // namespace objctl
