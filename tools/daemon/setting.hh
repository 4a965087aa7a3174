// SPDX-License-Identifier: Apache-2.0
// tools/daemon/setting.hh -- one key of a daemon's configuration, and what its value may be.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace obj {

// Why a value cannot be; nothing: it can.
using Problem = std::optional<std::string>;

// One key of the configuration file, which is also a flag (--key-with-dashes).
struct Setting {
  std::string key;
  std::string help;
  std::string default_value;
  std::function<Problem(const std::string& value)> apply;
  std::string default_origin = "default";  // "environment NAME" if that is where it came from
};

Problem apply_number(const std::string& text, uint32_t least, uint32_t most, uint32_t& target);
Problem apply_power_of_two(const std::string& text, uint32_t least, uint32_t most,
                           uint32_t& target);

template <class Value>
Problem apply_choice(const std::string& text, const std::map<std::string, Value>& choices,
                     Value& target) {
  const auto found = choices.find(text);
  if (found == choices.end()) {
    std::string names;
    for (const auto& [name, value] : choices) names += (names.empty() ? "" : ", ") + name;
    return "must be one of " + names;
  }
  target = found->second;
  return {};
}

// "4096", "512M", "8GiB" (powers of 1024), as bytes; a sentence if it is not a size.
std::expected<uint64_t, std::string> parse_size(const std::string& text);

}  // namespace obj
