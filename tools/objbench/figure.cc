// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/figure.hh"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hh"
#include "tools/objbench/percentiles.hh"

namespace objbench {
namespace {

const char* symbol(Target::Bound bound) {
  switch (bound) {
    case Target::Bound::kAtMost: return "<=";
    case Target::Bound::kBelow: return "<";
    case Target::Bound::kAtLeast: return ">=";
  }
  return "";
}

bool is_within(const Target& target, double number) {
  switch (target.bound) {
    case Target::Bound::kAtMost: return number <= target.limit;
    case Target::Bound::kBelow: return number < target.limit;
    case Target::Bound::kAtLeast: return number >= target.limit;
  }
  return false;
}

double median_value(const std::vector<Measurement>& runs) {
  std::vector<double> values;
  for (const Measurement& run : runs) values.push_back(run.value);
  return median(std::move(values));
}

std::optional<double> median_yardstick(const std::vector<Measurement>& runs) {
  std::vector<double> values;
  for (const Measurement& run : runs) {
    if (run.yardstick) values.push_back(*run.yardstick);
  }
  if (values.empty()) return {};
  return median(std::move(values));
}

// The note of the run in the middle, and how far the runs lie apart.
std::string note_of(const std::vector<Measurement>& runs) {
  std::vector<const Measurement*> ordered;
  for (const Measurement& run : runs) ordered.push_back(&run);
  std::ranges::sort(ordered, {}, &Measurement::value);
  std::string note = ordered[(ordered.size() - 1) / 2]->note;
  if (runs.size() == 1) return note;
  return fmt::format("{}; {} runs from {:.4g} to {:.4g}", note, runs.size(), ordered.front()->value,
                     ordered.back()->value);
}

}  // namespace

FigureResult judge(const Figure& figure, const std::vector<Measurement>& runs) {
  OBJ_CHECK(!runs.empty());
  FigureResult result{&figure, median_value(runs), median_yardstick(runs), {}, {},
                      0,       note_of(runs)};
  for (const Measurement& run : runs) result.samples += run.samples;
  if (result.yardstick && *result.yardstick > 0) result.ratio = *result.value / *result.yardstick;
  const bool is_of_ratio = figure.target.of == Target::Of::kRatio;
  const std::optional<double> judged = is_of_ratio ? result.ratio : result.value;
  if (judged) result.holds = is_within(figure.target, *judged);
  return result;
}

FigureResult not_measured(const Figure& figure, const std::string& reason) {
  return {&figure, {}, {}, {}, {}, 0, "not measured: " + reason};
}

std::string target_text(const Figure& figure) {
  const Target& target = figure.target;
  if (target.of == Target::Of::kRatio) {
    return fmt::format("ratio {} {}", symbol(target.bound), target.limit);
  }
  return fmt::format("{} {} {}", symbol(target.bound), target.limit, figure.unit);
}

}  // namespace objbench
