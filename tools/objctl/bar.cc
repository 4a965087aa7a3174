// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/bar.hh"

#include <algorithm>

namespace objctl {
namespace {

// How many of `cells` the first `amount` of `whole` fills.
size_t filled(double amount, uint64_t whole, size_t cells) {
  if (whole == 0) return 0;
  const double share = std::min(amount / static_cast<double>(whole), 1.0);
  return static_cast<size_t>(share * static_cast<double>(cells));
}

}  // namespace

std::string bar(std::span<const BarPart> parts, uint64_t whole, size_t cells) {
  std::string marks;
  double sum = 0;
  for (const BarPart& part : parts) {
    if (part.amount == 0 || whole == 0) continue;
    sum += static_cast<double>(part.amount);
    // Where the part ends follows from the sum, so that rounding does not add up.
    const size_t end = std::max(filled(sum, whole, cells), marks.size() + 1);
    marks.resize(std::min(end, cells), part.mark);
  }
  marks.resize(cells, '.');
  return "[" + marks + "]";
}

}  // namespace objctl
