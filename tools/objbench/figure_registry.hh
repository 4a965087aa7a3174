// SPDX-License-Identifier: Apache-2.0
// tools/objbench/figure_registry.hh -- every figure that the project promises.
#pragma once

#include <span>
#include <string_view>

#include "tools/objbench/figure.hh"

namespace objbench {

// In the order in which they are reported.
std::span<const Figure> figures();

// Null if there is none of that name.
const Figure* find_figure(std::string_view name);

}  // namespace objbench
