// SPDX-License-Identifier: Apache-2.0
// tools/objbench/remote_stage.hh -- what a figure of two nodes needs to be measured on.
#pragma once

#include <obj/obj.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/objbench/client.hh"
#include "tools/objbench/figure.hh"
#include "tools/objbench/remote_objects.hh"

namespace objbench {

// Two nodes, and a client of each. They know each other and have exchanged an object.
struct RemoteStage {
  Client& source;
  Client& reader;
  pid_t source_pid;
};

struct RemoteStageOptions {
  uint64_t memory_bytes = uint64_t{256} << 20;  // of each node's arena
  std::string transports = "tcp";               // UCX_TLS
  std::string address = "127.0.0.1";            // that both listen on
  std::vector<std::string> arguments = {};      // of both objd
};

// Starts both, measures, and stops them. Where that fails because one died, the sentence says how.
Outcome<Measurement> on_remote_stage(
    const Surroundings& surroundings, const RemoteStageOptions& options,
    const std::function<Outcome<Measurement>(const RemoteStage&)>& measure);

// Gets an object that is not here: us until its bytes can be read. Checks them, untimed.
Outcome<double> timed_get_us(const Client& reader, const obj_id& id, size_t size_bytes);

}  // namespace objbench
