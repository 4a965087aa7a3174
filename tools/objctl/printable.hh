// SPDX-License-Identifier: Apache-2.0
// tools/objctl/printable.hh -- text of others, made safe to show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace objctl {

// `text` on one line, with '?' for each byte that could steer a terminal: control characters, also
// those of C1 (U+0080..U+009F), and bytes that are not UTF-8. Names of sessions and owners come
// from clients, who may choose them to deceive an operator.
std::string printable(std::string_view text);

// Columns that printable text takes, one a code point.
size_t display_columns(std::string_view text);

}  // namespace objctl
