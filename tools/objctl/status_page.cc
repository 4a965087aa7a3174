// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/status_page.hh"

#include <fmt/format.h>

#include <array>

#include "tools/objctl/bar.hh"
#include "tools/objctl/cluster_pages.hh"
#include "tools/objctl/size_text.hh"
#include "tools/objctl/status_tables.hh"
#include "tools/objctl/storage_page.hh"
#include "tools/objctl/time_text.hh"

namespace objctl {
namespace {

constexpr size_t kBarCells = 60;

std::string percent_of(uint64_t part, uint64_t whole) {
  if (whole == 0) return "0%";
  return fmt::format("{:.1f}%", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

uint64_t held_bytes(const Json& status, const char* account) {
  return as_count(field(field(status, "ledger", account), "bytes")).value_or(0);
}

// Free memory is what the bar leaves empty.
std::string ledger_bar(const Json& status, uint64_t capacity_bytes, size_t cells) {
  const uint64_t sealed = held_bytes(status, "sealed");
  const uint64_t pinned = std::min(held_bytes(status, "owner_pinned"), sealed);
  const std::array<BarPart, 4> parts = {{{sealed - pinned, '#'},
                                         {pinned, 'P'},
                                         {held_bytes(status, "unsealed"), 'u'},
                                         {held_bytes(status, "withdrawn"), 'w'}}};
  return bar(parts, capacity_bytes, cells);
}

std::string waiting_line(const Json& status) {
  const Json& waiting = field(status, "waiting");
  if (!waiting.is_object()) return "";
  return fmt::format("WAITING   {} creates for memory, {} gets for objects\n",
                     count_cell(field(waiting, "creates")), count_cell(field(waiting, "gets")));
}

}  // namespace

std::string daemon_line(const Json& status) {
  std::string line = "objd " + as_text(field(status, "version"));
  if (const auto pid = as_count(field(status, "pid"))) line += fmt::format(", pid {}", *pid);
  if (const auto up = as_number(field(status, "uptime_s"))) line += ", up " + age_text(*up);
  const Json& socket = field(status, "socket");
  if (socket.is_string()) line += ", on " + as_text(socket);
  return line + "\n";
}

std::string arena_lines(const Json& status, size_t bar_cells) {
  const Json& arena = field(status, "arena");
  const auto capacity = as_count(field(arena, "capacity_bytes"));
  if (!capacity) return "";
  const uint64_t free_bytes = as_count(field(arena, "free_bytes")).value_or(0);
  const uint64_t used_bytes = *capacity - std::min(free_bytes, *capacity);
  std::string text = fmt::format("ARENA     {} {} used\n", ledger_bar(status, *capacity, bar_cells),
                                 percent_of(used_bytes, *capacity));
  text +=
      fmt::format("          {} in all, {} free", human_size(*capacity), human_size(free_bytes));
  const auto largest = as_count(field(arena, "largest_free_bytes"));
  if (largest) text += fmt::format(" (largest piece {})", human_size(*largest));
  const Json& pages = field(arena, "pages");
  if (pages.is_string()) text += ", pages " + as_text(pages);
  const auto populate = as_number(field(arena, "populate_s"));
  if (populate) text += ", filled in " + age_text(*populate);
  return text + "\n";
}

std::string table_line(const Json& status) {
  const Json& table = field(status, "table");
  const auto objects = as_count(field(table, "objects"));
  if (!objects) return "";
  std::string text = "TABLE     " + grouped(*objects);
  const auto objects_max = as_count(field(table, "objects_max"));
  if (objects_max) {
    text += fmt::format(" of {} objects ({})", grouped(*objects_max),
                        percent_of(*objects, *objects_max));
  }
  const auto bytes_per_object = as_number(field(table, "bytes_per_object"));
  if (bytes_per_object) text += fmt::format(", {:.4g} bytes of table each", *bytes_per_object);
  return text + "\n";
}

std::string audit_lines(const Json& status) {
  const auto agrees = as_flag(field(status, "audit", "agrees"));
  if (!agrees) return "";
  if (*agrees) return "AUDIT     the ledger agrees with a recount of all objects\n";
  return "AUDIT     the ledger DISAGREES with a recount of all objects\n"
         "          ledger   " +
         json_line(field(status, "ledger")) + "          recount  " +
         json_line(field(status, "audit", "recount"));
}

bool audit_agrees(const Json& status) {
  return as_flag(field(status, "audit", "agrees")).value_or(true);
}

std::string status_page(const Json& status) {
  std::string page = daemon_line(status);
  for (const std::string& section :
       {arena_lines(status, kBarCells) + ledger_lines(status),
        table_line(status) + waiting_line(status) + audit_lines(status), cluster_lines(status),
        storage_lines(status), blocker_lines(status), session_lines(status), counter_lines(status),
        option_lines(status)}) {
    if (!section.empty()) page += "\n" + section;
  }
  return page;
}

}  // namespace objctl
