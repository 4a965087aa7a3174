// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/columns.hh"

#include <algorithm>

#include "tools/objctl/printable.hh"

namespace objctl {
namespace {

constexpr const char* kGap = "  ";

}  // namespace

Columns::Columns(std::vector<Column> columns, size_t indent) : indent_(indent) {
  for (Column& column : columns) {
    sides_.push_back(column.side);
    titles_.push_back(std::move(column.title));
  }
}

void Columns::add(std::vector<std::string> cells) {
  cells.resize(sides_.size());
  rows_.push_back(std::move(cells));
}

std::string Columns::text() const {
  const std::vector<size_t> all_widths = widths();
  const bool has_titles = std::ranges::any_of(titles_, [](const auto& t) { return !t.empty(); });
  std::string text = has_titles ? line(titles_, all_widths) : "";
  for (const auto& row : rows_) text += line(row, all_widths);
  return text;
}

std::vector<size_t> Columns::widths() const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < sides_.size(); i++) {
    size_t widest = display_columns(titles_[i]);
    for (const auto& row : rows_) widest = std::max(widest, display_columns(row[i]));
    widths.push_back(widest);
  }
  return widths;
}

std::string Columns::line(const std::vector<std::string>& cells,
                          const std::vector<size_t>& widths) const {
  std::string text(indent_, ' ');
  for (size_t i = 0; i < cells.size(); i++) {
    const std::string padding(widths[i] - display_columns(cells[i]), ' ');
    if (i > 0) text += kGap;
    text += sides_[i] == Side::kLeft ? cells[i] + padding : padding + cells[i];
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

}  // namespace objctl
