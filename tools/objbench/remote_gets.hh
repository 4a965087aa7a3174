// SPDX-License-Identifier: Apache-2.0
// tools/objbench/remote_gets.hh -- gets between the two nodes of a stage, timed, as figures need
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/objbench/remote_stage.hh"

namespace objbench {

// bytes/s of a get of each of `count` fresh objects.
Outcome<std::vector<double>> pull_speeds(const RemoteStage& stage, uint64_t size_bytes,
                                         uint32_t count);

enum class Locations : uint8_t { kCached, kUnknown };  // to the reader's node, before its get

// us of gets of 4 KiB, one at a time, after some that are not counted.
Outcome<std::vector<double>> small_get_latencies_us(const RemoteStage& stage, Locations locations,
                                                    size_t count);

// objects/s of multi-gets of so many fresh objects of 4 KiB in one call.
Outcome<std::vector<double>> small_multi_get_rates(const RemoteStage& stage, size_t objects,
                                                   uint32_t rounds);

}  // namespace objbench
