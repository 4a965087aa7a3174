// SPDX-License-Identifier: Apache-2.0
// tools/objbench/access_order.hh -- which object comes next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace objbench {

enum class Pattern : uint8_t { kSequential, kRandom, kZipf };

// `length` indices below `objects`, worked out beforehand so that choosing costs nothing while it
// is measured.
//
// kZipf: index i comes up in proportion to 1 / (i + 1)^exponent. Equal seeds give equal orders.
// REQUIRES: 1 <= objects < 2^32.
std::vector<uint32_t> access_order(Pattern pattern, size_t objects, size_t length, double exponent,
                                   uint64_t seed);

}  // namespace objbench
