// SPDX-License-Identifier: Apache-2.0
// tools/objctl/argument_types.hh -- how CLI11 checks and converts the arguments that are no plain
// numbers or text.
//
// CLI11 finds each lexical_cast() by argument-dependent lookup. The checks run first, for their
// messages: a conversion that fails has none.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tools/objctl/object_name.hh"

namespace objctl {

inline bool lexical_cast(const std::string& text, ObjectName& object) {
  const auto named = object_name_from(text);
  if (named) object = *named;
  return named.has_value();
}

// 32 hex digits or name:NAME.
CLI::Validator is_object_name();
// 4096, 64K, 1.5GiB.
CLI::Validator is_size();
// 1..32 hex digits.
CLI::Validator is_hex();
// 1..OBJ_OWNER_BYTES_MAX bytes.
CLI::Validator is_owner();
// A whole number that is not negative and fits in 64 bits; CLI11 alone lets "-1" wrap around.
CLI::Validator is_count();
// The number of a node, which is not 0 and fits in 32 bits.
CLI::Validator is_node();
// HOST:PORT or [V6]:PORT.
CLI::Validator is_address();
// Text that is not empty.
CLI::Validator is_not_empty();

}  // namespace objctl
