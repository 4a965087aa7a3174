// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/setting.hh"

#include <bit>
#include <charconv>

namespace obj {

Problem apply_number(const std::string& text, uint32_t least, uint32_t most, uint32_t& target) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return "must be a number from " + std::to_string(least) + " to " + std::to_string(most);
  }
  target = value;
  return {};
}

Problem apply_power_of_two(const std::string& text, uint32_t least, uint32_t most,
                           uint32_t& target) {
  uint32_t value = 0;
  if (const Problem problem = apply_number(text, least, most, value)) return problem;
  if (!std::has_single_bit(value)) return "must be a power of two";
  target = value;
  return {};
}

std::expected<uint64_t, std::string> parse_size(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(end, text.data() + text.size());
  if (unit.ends_with("iB")) unit.resize(unit.size() - 2);
  static const std::map<std::string, int> kShifts{{"", 0},   {"B", 0},  {"K", 10},
                                                  {"M", 20}, {"G", 30}, {"T", 40}};
  const auto shift = kShifts.find(unit);
  if (error != std::errc{} || shift == kShifts.end() || value > UINT64_MAX >> shift->second) {
    return std::unexpected("must be a size such as 4096, 512M or 8GiB");
  }
  return value << shift->second;
}

}  // namespace obj
