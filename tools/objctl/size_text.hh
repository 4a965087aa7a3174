// SPDX-License-Identifier: Apache-2.0
// tools/objctl/size_text.hh -- numbers of bytes and of things as people read and write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace objctl {

// "512 B", "1.5 KiB", "64 MiB": powers of 1024, at most one decimal. `gap` stands before the unit.
std::string human_size(uint64_t size_bytes, std::string_view gap = " ");

// "1,048,576".
std::string grouped(uint64_t count);

// Bytes with an optional unit: 4096, 64K, 1.5GiB, 2mb. K, M, G, T and P are powers of 1024.
// Nothing if the text is something else or the size has no place in 64 bits.
std::optional<uint64_t> parse_size(std::string_view text);

}  // namespace objctl
