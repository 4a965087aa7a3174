// SPDX-License-Identifier: Apache-2.0
// tools/objbench/raw_tcp_stream.hh -- yardstick: what one TCP connection carries on the loopback.
#pragma once

#include <cstdint>

#include "tools/objbench/outcome.hh"

namespace objbench {

// bytes/s from a process that sends `size_bytes` again and again to this one, which receives them
// into warm memory: the median of `passes`. REQUIRES: this process has one thread.
Outcome<double> raw_tcp_stream_bytes_per_second(uint64_t size_bytes, uint32_t passes);

}  // namespace objbench
