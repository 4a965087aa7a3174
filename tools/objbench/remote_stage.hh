// SPDX-License-Identifier: Apache-2.0
// tools/objbench/remote_stage.hh -- what a figure of two nodes needs to be measured on.
#pragma once

#include <obj/obj.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tools/objbench/client.hh"
#include "tools/objbench/figure.hh"

namespace objbench {

// Two nodes, and a client of each. They know each other and have exchanged an object.
struct RemoteStage {
  Client& source;
  Client& reader;
};

struct RemoteStageOptions {
  uint64_t memory_bytes = uint64_t{256} << 20;  // of each node's arena
  std::string transports = "tcp";               // UCX_TLS
  std::vector<std::string> arguments = {};      // of both objd
};

// Starts both, measures, and stops them. Where that fails because one died, the sentence says how.
Outcome<Measurement> on_remote_stage(
    const Surroundings& surroundings, const RemoteStageOptions& options,
    const std::function<Outcome<Measurement>(const RemoteStage&)>& measure);

// Puts an object under each id at the source and waits until the directory knows them, so that no
// get waits for a put's report. The objects' first and last bytes tell them apart; see is_whole().
Outcome<void> store_at_source(const RemoteStage& stage, std::span<const obj_id> ids,
                              size_t size_bytes);

// Gets an object that is not here: us until its bytes can be read. Checks them, untimed.
Outcome<double> timed_get_us(const Client& reader, const obj_id& id, size_t size_bytes);

// Frees objects on both nodes.
Outcome<void> remove_all(const Client& client, std::span<const obj_id> ids);

// What store_at_source() puts under `id`.
std::vector<std::byte> content_of(const obj_id& id, size_t size_bytes);
Outcome<void> is_whole(const obj_view& view, const obj_id& id, size_t size_bytes);

}  // namespace objbench
