// SPDX-License-Identifier: Apache-2.0
// tools/objctl/tcp_attempt.hh -- whether a TCP connection to an address can be made, or a listener.
#pragma once

#include <string>

#include "tools/objctl/machine_facts.hh"

namespace objctl {

// Connects and hangs up. kConnected, kFailed, kUnknownHost; kNotAsked if `address` is empty.
// Takes `timeout_ms` at most, and the time of looking up the host.
PortFact attempt_connect(const std::string& address, int timeout_ms);

// Binds and lets go. kFree, kFailed, kUnknownHost; kNotAsked if `address` is empty.
PortFact attempt_bind(const std::string& address);

}  // namespace objctl
