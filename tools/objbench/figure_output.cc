// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/figure_output.hh"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace objbench {
namespace {

constexpr const char* kRow = "{:<26} {:>16}  {:<52} {:>6}  {:<15} {}\n";

// Three significant digits, and large ones in full: 0.0123, 62.1, 1234567.
std::string number(double value) {
  if (value == 0 || std::abs(value) >= 1000) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}", value);
}

std::string number(const std::optional<double>& value, const char* unit) {
  if (!value) return "-";
  return *unit == '\0' ? number(*value) : number(*value) + " " + unit;
}

std::string holds_text(const std::optional<bool>& holds) {
  if (!holds) return "-";
  return *holds ? "yes" : "NO";
}

std::string yardstick_text(const FigureResult& result) {
  const std::string_view name = result.figure->yardstick;
  if (name.empty() || !result.yardstick) return name.empty() ? "-" : std::string(name);
  return fmt::format("{} {}", name, number(result.yardstick, result.figure->unit));
}

nlohmann::ordered_json or_null(const auto& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json text_or_null(const char* text) {
  return *text == '\0' ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

}  // namespace

std::string table_head() {
  return fmt::format(kRow, "figure", "value", "yardstick", "ratio", "target", "holds");
}

std::string text_of(const FigureResult& result) {
  const Figure& figure = *result.figure;
  const std::string ratio = result.ratio ? fmt::format("{:.2f}", *result.ratio) : "-";
  return fmt::format(kRow, figure.name, number(result.value, figure.unit), yardstick_text(result),
                     ratio, target_text(figure), holds_text(result.holds)) +
         "    " + result.note + "\n";
}

std::string json_of(const FigureResult& result) {
  const Figure& figure = *result.figure;
  const nlohmann::ordered_json line{
      {"figure", figure.name},
      {"value", or_null(result.value)},
      {"unit", figure.unit},
      {"better", figure.better == Better::kLower ? "lower" : "higher"},
      {"yardstick", text_or_null(figure.yardstick)},
      {"yardstick_value", or_null(result.yardstick)},
      {"ratio", or_null(result.ratio)},
      {"target", target_text(figure)},
      {"holds", or_null(result.holds)},
      {"samples", result.samples},
      {"note", result.note}};
  // A note may quote another program's output; bytes that are no UTF-8 must not cost the line.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string list_of(std::span<const Figure> figures) {
  std::string text;
  for (const Figure& figure : figures) {
    text += fmt::format("{:<27} {:<20} {}{}\n", figure.name, target_text(figure), figure.what,
                        figure.measure == nullptr ? " (not in this build)" : "");
  }
  return text;
}

}  // namespace objbench
