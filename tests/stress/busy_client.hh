// SPDX-License-Identifier: Apache-2.0
// tests/stress/busy_client.hh -- a client that does everything, at random, until it is killed.
#pragma once

#include <cstdint>
#include <string>

namespace obj {

// Returns only if something is wrong: an exit code, with a sentence on standard error.
int run_busy_client(const std::string& socket, uint64_t seed);

}  // namespace obj
