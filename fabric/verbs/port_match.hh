// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/port_match.hh -- which of the owner's ports answers a reader's lane. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "fabric/verbs/adapter.hh"

namespace obj::verbs {

struct MatchedPort {
  uint8_t port;  // index in the ports given
  GidEntry gid;
};

// A port with a GID of the reader's kind: of those the one whose GID has the longest beginning in
// common with the reader's, which is the same subnet where there is one; among equals `lane` takes
// turns. `facts`: null for a port that is lost. Nothing: no port has that kind.
std::optional<MatchedPort> match_port(std::span<const AdapterFacts* const> ports,
                                      const QueueAddress& reader, uint8_t lane);

}  // namespace obj::verbs
