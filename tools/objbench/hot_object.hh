// SPDX-License-Identifier: Apache-2.0
// tools/objbench/hot_object.hh -- several processes that read one object at the same time.
#pragma once

#include <obj/obj.h>

#include <cstdint>
#include <string>

#include "tools/objbench/outcome.hh"

namespace objbench {

// p50 in ns of get and release of `id` in the slowest of `readers` processes, each with a client of
// its own, all of them at it for as long as any of them is being timed. REQUIRES: 1 <= readers
// <= 8.
Outcome<double> hot_object_hit_ns(const std::string& socket, const obj_id& id, uint32_t readers);

}  // namespace objbench
