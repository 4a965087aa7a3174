// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/perftest_output.hh"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace objbench {
namespace {

// iterations, p50, average and overall latency, average and overall bandwidth, and message rate.
enum Column : size_t { kLatency = 1, kBandwidth = 5, kRate = 7, kColumns = 8 };
constexpr double kUnitOfBandwidth = 1 << 20;

// Nothing if `line` is not kColumns numbers. The first one may be indented.
std::optional<std::vector<double>> numbers_of(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  std::vector<double> numbers;
  const char* const end = line.data() + line.size();
  for (const char* at = line.data(); at < end; at++) {
    double number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || (rest != end && *rest != ',')) return std::nullopt;
    numbers.push_back(number);
    at = rest;
  }
  if (numbers.size() != kColumns) return std::nullopt;
  return numbers;
}

std::string tail_of(std::string_view text) {
  constexpr size_t kTailBytes = 200;
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.size() > kTailBytes ? text.size() - kTailBytes : 0));
}

}  // namespace

Outcome<PerftestResult> perftest_result(std::string_view text) {
  std::optional<std::vector<double>> last;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (auto numbers = numbers_of(rest.substr(0, end))) last = std::move(numbers);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!last) return std::unexpected("ucx_perftest printed no result: " + tail_of(text));
  return PerftestResult{(*last)[kLatency], (*last)[kBandwidth] * kUnitOfBandwidth, (*last)[kRate]};
}

}  // namespace objbench
