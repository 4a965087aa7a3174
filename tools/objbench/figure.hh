// SPDX-License-Identifier: Apache-2.0
// tools/objbench/figure.hh -- one number that the project promises, and how it is measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/objbench/outcome.hh"

namespace objbench {

// What measurements need from outside.
struct Surroundings {
  std::string directory;         // for sockets and logs; ours
  std::string objd;              // the daemon's binary
  std::string rdma_device = {};  // "DEVICE" or "DEVICE:PORT"; empty: the first that is up
};

// One run of a figure.
struct Measurement {
  double value = 0;
  std::optional<double> yardstick;  // measured in the same run, in the figure's unit
  uint64_t samples = 0;
  std::string note;  // what a reader of the number should know
};

enum class Better : uint8_t { kLower, kHigher };

struct Target {
  enum class Of : uint8_t { kValue, kRatio };  // kRatio: value over yardstick
  enum class Bound : uint8_t { kAtMost, kBelow, kAtLeast };
  Of of;
  Bound bound;
  double limit;
};

struct Figure {
  const char* name;
  const char* what;
  const char* unit;
  Better better;
  const char* yardstick;  // empty: there is none
  Target target;
  // Null: this build cannot measure it, for the reason in `missing`.
  Outcome<Measurement> (*measure)(const Surroundings& surroundings);
  const char* missing;
};

// What all repeats of a figure came to. Medians.
struct FigureResult {
  const Figure* figure;
  std::optional<double> value;  // nothing: not measured
  std::optional<double> yardstick;
  std::optional<double> ratio;
  std::optional<bool> holds;
  uint64_t samples = 0;
  std::string note;  // or why it was not measured
};

// REQUIRES: runs is not empty.
FigureResult judge(const Figure& figure, const std::vector<Measurement>& runs);
FigureResult not_measured(const Figure& figure, const std::string& reason);

// "<= 100 ns", "ratio >= 0.95".
std::string target_text(const Figure& figure);

}  // namespace objbench
