// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/status_tables.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tools/objctl/columns.hh"
#include "tools/objctl/size_text.hh"
#include "tools/objctl/time_text.hh"

namespace objctl {
namespace {

using Side = Columns::Side;

constexpr size_t kIndent = 2;

std::string mode_cell(const Json& read_only) {
  const auto flag = as_flag(read_only);
  if (!flag) return "-";
  return *flag ? "read" : "write";
}

std::string age_cell(const Json& value) {
  const auto seconds = as_number(value);
  return seconds ? age_text(*seconds) : "-";
}

struct SessionColumn {
  const char* key;
  const char* title;
  Side side;
  std::string (*cell)(const Json& value);
};
constexpr std::array<SessionColumn, 11> kSessionColumns = {{
    {"session", "SESSION", Side::kRight, as_text},
    {"pid", "PID", Side::kRight, as_text},
    {"uid", "UID", Side::kRight, as_text},
    {"name", "NAME", Side::kLeft, as_text},
    {"read_only", "MODE", Side::kLeft, mode_cell},
    {"views", "VIEWS", Side::kRight, count_cell},
    {"unsealed_objects", "CREATING", Side::kRight, count_cell},
    {"unsealed_bytes", "BYTES", Side::kRight, size_cell},
    {"in_flight", "IN FLIGHT", Side::kRight, count_cell},
    {"waiting", "WAITING", Side::kRight, count_cell},
    {"age_s", "AGE", Side::kRight, age_cell},
}};

bool is_in_any(const Json& sessions, const char* key) {
  return std::ranges::any_of(sessions,
                             [key](const Json& session) { return !field(session, key).is_null(); });
}

}  // namespace

std::string count_cell(const Json& value) {
  const auto count = as_count(value);
  return count ? grouped(*count) : "-";
}

std::string size_cell(const Json& value) {
  const auto size_bytes = as_count(value);
  return size_bytes ? human_size(*size_bytes) : "-";
}

std::string ledger_lines(const Json& status) {
  static constexpr std::array<std::pair<const char*, const char*>, 5> kAccounts = {{
      {"sealed", "# sealed"},
      {"owner_pinned", "P   of these pinned by owners"},
      {"secondary", "    of these copies from other nodes"},
      {"unsealed", "u being created"},
      {"withdrawn", "w deleted, still read"},
  }};
  const Json& ledger = field(status, "ledger");
  if (!ledger.is_object()) return "";
  Columns columns({{"", Side::kLeft}, {"", Side::kRight}, {"", Side::kRight}}, kIndent);
  for (const auto& [key, title] : kAccounts) {
    const Json& held = field(ledger, key);
    if (!held.is_object()) continue;
    columns.add({title, count_cell(field(held, "objects")), size_cell(field(held, "bytes"))});
  }
  const Json& free_bytes = field(status, "arena", "free_bytes");
  if (!free_bytes.is_null()) columns.add({". free", "", size_cell(free_bytes)});
  return columns.text();
}

std::string blocker_lines(const Json& status) {
  const Json& blockers = field(status, "blockers");
  if (!blockers.is_array() || blockers.empty()) return "";
  Columns columns({{"WHY", Side::kLeft},
                   {"PID", Side::kRight},
                   {"NAME", Side::kLeft},
                   {"OBJECTS", Side::kRight},
                   {"SIZE", Side::kRight}},
                  kIndent);
  for (const Json& blocker : blockers) {
    const Json& owner = field(blocker, "owner");
    const bool by_owner = owner.is_string() && !owner.get_ref<const std::string&>().empty();
    columns.add({as_text(field(blocker, "why")), as_text(field(blocker, "pid")),
                 by_owner ? "owner " + as_text(owner) : as_text(field(blocker, "name")),
                 count_cell(field(blocker, "objects")), size_cell(field(blocker, "bytes"))});
  }
  return "WHO HOLDS MEMORY that cannot be evicted\n" + columns.text();
}

std::string session_lines(const Json& status) {
  const Json& sessions = field(status, "sessions");
  if (!sessions.is_array() || sessions.empty()) return "";
  std::vector<SessionColumn> shown;
  std::vector<Columns::Column> titles;
  for (const SessionColumn& column : kSessionColumns) {
    if (!is_in_any(sessions, column.key)) continue;
    shown.push_back(column);
    titles.push_back({column.title, column.side});
  }
  Columns columns(std::move(titles), kIndent);
  for (const Json& session : sessions) {
    std::vector<std::string> cells;
    for (const SessionColumn& column : shown) {
      cells.push_back(column.cell(field(session, column.key)));
    }
    columns.add(std::move(cells));
  }
  return fmt::format("SESSIONS  {}\n", sessions.size()) + columns.text();
}

std::string counter_lines(const Json& status) {
  const Json& counters = field(status, "counters");
  if (!counters.is_object() || counters.empty()) return "";
  Columns columns({{"", Side::kLeft}, {"", Side::kRight}}, kIndent);
  for (const auto& [key, value] : counters.items()) {
    const bool is_size = key.ends_with("_bytes");
    columns.add({as_text(Json(key)), is_size ? size_cell(value) : count_cell(value)});
  }
  return "COUNTERS since the start\n" + columns.text();
}

std::string option_lines(const Json& status) {
  const Json& config = field(status, "config");
  if (!config.is_object() || config.empty()) return "";
  Columns columns({{"OPTION", Side::kLeft}, {"VALUE", Side::kLeft}, {"FROM", Side::kLeft}},
                  kIndent);
  for (const auto& [key, setting] : config.items()) {
    columns.add(
        {as_text(Json(key)), as_text(field(setting, "value")), as_text(field(setting, "origin"))});
  }
  return "OPTIONS\n" + columns.text();
}

}  // namespace objctl
