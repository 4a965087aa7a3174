// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/ib_perftest_output.hh"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace objbench {
namespace {

// size, iterations, peak and average bandwidth in 10^9 bits a second, 10^6 messages a second.
enum BandwidthColumn : size_t { kAverage = 3, kRate = 4, kBandwidthColumns = 5 };
// size, iterations, minimum, maximum, typical, average, deviation, 99%, 99.9%, all in us.
enum LatencyColumn : size_t { kTypical = 4, kLatencyColumns = 9 };
constexpr double kBytesOfGigabit = 1e9 / 8;

// Nothing if `line` holds anything else than `columns` numbers. "-nan" is one: perftest prints it
// for a deviation that it got wrong.
std::optional<std::vector<double>> numbers_of(const std::string& line, size_t columns) {
  std::istringstream words(line);
  std::vector<double> numbers;
  for (std::string word; words >> word;) {
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    numbers.push_back(number);
  }
  if (numbers.size() != columns) return std::nullopt;
  return numbers;
}

std::string tail_of(std::string_view text) {
  constexpr size_t kTailBytes = 300;
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.size() > kTailBytes ? text.size() - kTailBytes : 0));
}

std::unexpected<std::string> no_result(std::string_view text) {
  return std::unexpected("the yardstick printed no result: " + tail_of(text));
}

// The line of numbers that follows the titles, which begin with " #bytes" and name `title`.
Outcome<std::vector<double>> result_of(std::string_view text, const char* title, size_t columns) {
  std::istringstream lines{std::string(text)};
  bool is_below_titles = false;
  for (std::string line; std::getline(lines, line);) {
    if (is_below_titles) {
      if (auto numbers = numbers_of(line, columns)) return *numbers;
    }
    is_below_titles =
        line.find("#bytes") != std::string::npos && line.find(title) != std::string::npos;
  }
  return no_result(text);
}

}  // namespace

Outcome<IbBandwidth> ib_bandwidth(std::string_view text) {
  OBJBENCH_TRY(const auto numbers, result_of(text, "BW average[Gb/sec]", kBandwidthColumns));
  if (!std::isfinite(numbers[kAverage]) || !std::isfinite(numbers[kRate])) return no_result(text);
  return IbBandwidth{numbers[kAverage] * kBytesOfGigabit, numbers[kRate] * 1e6};
}

Outcome<double> ib_latency_us(std::string_view text) {
  OBJBENCH_TRY(const auto numbers, result_of(text, "t_typical[usec]", kLatencyColumns));
  if (!std::isfinite(numbers[kTypical])) return no_result(text);
  return numbers[kTypical];
}

}  // namespace objbench
