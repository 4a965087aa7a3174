// SPDX-License-Identifier: Apache-2.0
// tools/objbench/build_kind.hh -- how this program was built, and whether its numbers mean
// anything.
#pragma once

#include <optional>
#include <string>

namespace objbench {

// "release, -O3, GCC 12.2.0".
std::string build_text();

// Why this build must not report numbers; nothing if it may.
std::optional<std::string> build_refusal();

}  // namespace objbench
