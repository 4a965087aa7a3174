// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/size_text.hh"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace objctl {
namespace {

constexpr std::array<std::string_view, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
constexpr std::string_view kUnitLetters = "KMGTP";

// The factor that "K", "kb" or "KiB" stands for; nothing if it is no unit.
std::optional<double> unit_factor(std::string_view unit) {
  if (unit.empty() || unit == "B" || unit == "b") return 1;
  const auto letter = static_cast<char>(std::toupper(static_cast<unsigned char>(unit[0])));
  const size_t power = kUnitLetters.find(letter);
  if (power == std::string_view::npos) return std::nullopt;
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && rest != "B" && rest != "b" && rest != "iB" && rest != "ib") {
    return std::nullopt;
  }
  return std::exp2(10.0 * static_cast<double>(power + 1));
}

}  // namespace

std::string human_size(uint64_t size_bytes, std::string_view gap) {
  // From here on one decimal would round to "1024.0", so the next unit begins.
  constexpr double kNextUnit = 1023.95;
  auto value = static_cast<double>(size_bytes);
  size_t unit = 0;
  while (value >= kNextUnit && unit + 1 < kUnits.size()) {
    value /= 1024;
    unit++;
  }
  const double tenths = std::round(value * 10);
  const int decimals = std::fmod(tenths, 10) == 0 ? 0 : 1;
  return fmt::format("{:.{}f}{}{}", tenths / 10, decimals, gap, kUnits[unit]);
}

std::string grouped(uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string text;
  for (size_t i = 0; i < digits.size(); i++) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc{} || value < 0 || !std::isfinite(value)) return std::nullopt;
  std::string_view unit(rest, end);
  if (!unit.empty() && unit[0] == ' ') unit.remove_prefix(1);
  const std::optional<double> factor = unit_factor(unit);
  if (!factor) return std::nullopt;
  const double size_bytes = std::floor(value * *factor);
  if (size_bytes >= std::exp2(64)) return std::nullopt;
  return static_cast<uint64_t>(size_bytes);
}

}  // namespace objctl
