// SPDX-License-Identifier: Apache-2.0
// tools/objbench/eventfd_ping_pong.hh -- yardstick: waking a sleeping process and being woken by
// it.
#pragma once

#include <cstdint>

#include "tools/objbench/outcome.hh"

namespace objbench {

// p50 in us of a round trip over two eventfds between two processes that sleep in read(2), with
// `pause_us` of silence between round trips, so that the cores have gone idle as they do between
// the operations that it is compared with.
Outcome<double> eventfd_ping_pong_us(uint32_t round_trips, uint32_t pause_us);

}  // namespace objbench
