// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/service.hh -- what a connection is for. Its hello names it; the numbers are the
// wire's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace obj {

enum class Service : uint8_t { kDirectory, kNode, kReads, kVerbs, kSameHost };
inline constexpr size_t kServices = 5;

}  // namespace obj
