// SPDX-License-Identifier: Apache-2.0
// tools/objbench/local_stage.hh -- what a local figure needs to be measured on: a daemon and a
// client.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tools/objbench/client.hh"
#include "tools/objbench/figure.hh"
#include "tools/objbench/private_daemon.hh"

namespace objbench {

// Both are alive when the measurement begins.
struct LocalStage {
  PrivateDaemon& daemon;
  Client& client;
  std::string pages;  // what the arena is made of
};

struct LocalStageOptions {
  uint64_t memory_bytes = uint64_t{256} << 20;
  uint32_t objects_max = 1u << 20;
};

// Starts a daemon and a client, measures, and stops both. Where that fails because the daemon died,
// the sentence says how.
Outcome<Measurement> on_local_stage(
    const Surroundings& surroundings, const LocalStageOptions& options,
    const std::function<Outcome<Measurement>(const LocalStage&)>& measure);

}  // namespace objbench
