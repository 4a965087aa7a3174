// SPDX-License-Identifier: Apache-2.0
// tests/stress/pin_stress/blind_node.hh -- a daemon that does not look who reads: it must be
// caught.
//
// The negative control of the stress test. It is put together from the same parts as obj::Node, but
// for one: between the store and the sessions stands a decorator that shows no pins. So the product
// itself has no switch for this.
#pragma once

#include <string>

namespace obj {

// Serves on `socket_path` until the process is killed. Returns only if it cannot start.
int run_blind_node(const std::string& socket_path);

}  // namespace obj
