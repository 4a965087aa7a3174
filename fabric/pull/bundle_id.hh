// SPDX-License-Identifier: Apache-2.0
// fabric/pull/bundle_id.hh -- names a set of ids that somebody wants together.
#pragma once

#include <cstdint>

namespace obj {

// Never 0, never used twice; later requests have higher numbers.
using BundleId = uint64_t;

}  // namespace obj
