// SPDX-License-Identifier: Apache-2.0
#include "node/size_text.hh"

#include <cstdio>
#include <iterator>

namespace obj {

std::string size_text(uint64_t size_bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t unit = 0;
  auto value = static_cast<double>(size_bytes);
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    unit++;
  }
  char text[32];
  const bool is_whole = value == static_cast<double>(static_cast<uint64_t>(value));
  std::snprintf(text, sizeof text, is_whole ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

}  // namespace obj
