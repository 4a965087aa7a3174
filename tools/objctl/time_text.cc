// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/time_text.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace objctl {
namespace {

constexpr uint64_t kMinute = 60;
constexpr uint64_t kHour = 60 * kMinute;
constexpr uint64_t kDay = 24 * kHour;

// Bounded, because the seconds may come out of somebody's JSON or out of a division.
uint64_t whole_seconds(double seconds) {
  constexpr double kMax = 1e12;
  return std::isnan(seconds) ? 0 : static_cast<uint64_t>(std::clamp(seconds, 0.0, kMax));
}

}  // namespace

std::string age_text(double seconds) {
  if (seconds >= 0 && seconds < 10) return fmt::format("{:.1f} s", seconds);
  const uint64_t total = whole_seconds(seconds);
  if (total < kMinute) return fmt::format("{} s", total);
  if (total < kHour) return fmt::format("{} min {} s", total / kMinute, total % kMinute);
  if (total < kDay) return fmt::format("{} h {} min", total / kHour, total % kHour / kMinute);
  return fmt::format("{} d {} h", total / kDay, total % kDay / kHour);
}

std::string clock_text(double seconds) {
  const uint64_t total = whole_seconds(std::ceil(seconds));
  if (total < kHour) return fmt::format("{}:{:02}", total / kMinute, total % kMinute);
  return fmt::format("{}:{:02}:{:02}", total / kHour, total % kHour / kMinute, total % kMinute);
}

}  // namespace objctl
