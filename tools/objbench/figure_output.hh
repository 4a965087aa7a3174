// SPDX-License-Identifier: Apache-2.0
// tools/objbench/figure_output.hh -- how figures are told: to people, and to programs.
#pragma once

#include <span>
#include <string>

#include "tools/objbench/figure.hh"

namespace objbench {

// The head of the table that text_of() fills.
std::string table_head();
// One line, and the note on a second one.
std::string text_of(const FigureResult& result);

// One JSON object on one line. Fields that were not measured are null.
std::string json_of(const FigureResult& result);

// Names, units, targets and what each figure is, a line each.
std::string list_of(std::span<const Figure> figures);

}  // namespace objbench
