// SPDX-License-Identifier: Apache-2.0
// node/size_text.hh -- bytes as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace obj {

// "512 B", "1.5 KiB", "64 MiB": powers of 1024, at most one decimal.
std::string size_text(uint64_t size_bytes);

}  // namespace obj
