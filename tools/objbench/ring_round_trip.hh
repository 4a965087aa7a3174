// SPDX-License-Identifier: Apache-2.0
// tools/objbench/ring_round_trip.hh -- yardstick: a request and its answer through shared memory.
#pragma once

#include "tools/objbench/outcome.hh"

namespace objbench {

// p50 in ns of a round trip of 64-byte entries through two base/spsc_ring.hh between two spinning
// processes: what the cheapest possible message to another process costs on this machine.
Outcome<double> ring_round_trip_ns();

}  // namespace objbench
