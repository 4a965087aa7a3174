// SPDX-License-Identifier: Apache-2.0
// tools/objbench/percentiles.hh -- medians and percentiles of a handful of samples.
#pragma once

#include <vector>

namespace objbench {

// The nearest-rank percentile: the smallest sample that at least `fraction` of all do not exceed.
// Always one of the samples, never an invented value between two.
// REQUIRES: samples is not empty; 0 <= fraction <= 1.
double percentile(std::vector<double> samples, double fraction);

// The middle sample; of an even number, the mean of the two middle ones.
// REQUIRES: samples is not empty.
double median(std::vector<double> samples);

}  // namespace objbench
