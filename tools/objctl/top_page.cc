// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/top_page.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "tools/objctl/columns.hh"
#include "tools/objctl/size_text.hh"
#include "tools/objctl/status_page.hh"
#include "tools/objctl/status_tables.hh"

namespace objctl {
namespace {

// The frame's other text on the bar's line: its title, brackets and "100.0% used".
constexpr size_t kBesideBar = 24;
constexpr size_t kBarMin = 10;
constexpr size_t kBarMax = 80;

struct Rate {
  const char* counter;
  const char* title;
  bool is_size;
};
// In the order in which they are shown.
constexpr std::array<Rate, 9> kRates = {{
    {"puts", "puts", false},
    {"creates", "creates", false},
    {"seals", "seals", false},
    {"slow_gets", "slow gets", false},
    {"deletes", "deletes", false},
    {"evicted_objects", "evictions", false},
    {"evicted_bytes", "evicted", true},
    {"sessions_opened", "sessions", false},
    {"out_of_memory", "refused", false},
}};

std::optional<double> per_second(const Json& now, const Json& before, const char* counter,
                                 double elapsed_s) {
  if (field(now, "incarnation") != field(before, "incarnation")) return std::nullopt;
  const auto later = as_count(field(now, "counters", counter));
  const auto earlier = as_count(field(before, "counters", counter));
  if (!later || !earlier || *later < *earlier || elapsed_s <= 0) return std::nullopt;
  constexpr double kMax = 1e18;  // still a whole number of 64 bits, whatever the report says
  return std::min(static_cast<double>(*later - *earlier) / elapsed_s, kMax);
}

std::string rate_text(std::optional<double> rate, bool is_size) {
  if (!rate) return "-";
  if (is_size) return human_size(static_cast<uint64_t>(*rate)) + "/s";
  return *rate < 10 ? fmt::format("{:.1f}/s", *rate) : grouped(static_cast<uint64_t>(*rate)) + "/s";
}

std::string total_text(uint64_t total, bool is_size) {
  return is_size ? human_size(total) : grouped(total);
}

// Three counters a line: title, rate, total.
std::string rate_lines(const Json& now, const Json& before, double elapsed_s) {
  constexpr size_t kPerLine = 3;
  std::vector<Columns::Column> columns;
  for (size_t i = 0; i < kPerLine; i++) {
    columns.push_back({"", Columns::Side::kLeft});
    columns.push_back({"", Columns::Side::kRight});
    columns.push_back({"", Columns::Side::kRight});
  }
  Columns table(std::move(columns), 2);
  std::vector<std::string> cells;
  for (const Rate& rate : kRates) {
    const auto total = as_count(field(now, "counters", rate.counter));
    if (!total) continue;
    cells.push_back(rate.title);
    cells.push_back(rate_text(per_second(now, before, rate.counter, elapsed_s), rate.is_size));
    cells.push_back(total_text(*total, rate.is_size));
    if (cells.size() == 3 * kPerLine) table.add(std::exchange(cells, {}));
  }
  if (!cells.empty()) table.add(cells);
  return table.empty() ? "" : "RATES     a second, and since the start\n" + table.text();
}

}  // namespace

std::string top_page(const Json& now, const Json& before, double elapsed_s, size_t columns) {
  const size_t room = columns > kBesideBar ? columns - kBesideBar : 0;
  std::string page = daemon_line(now);
  page += arena_lines(now, std::clamp(room, kBarMin, kBarMax));
  page += table_line(now);
  for (const std::string& section :
       {rate_lines(now, before, elapsed_s), blocker_lines(now), session_lines(now)}) {
    if (!section.empty()) page += "\n" + section;
  }
  return page;
}

}  // namespace objctl
