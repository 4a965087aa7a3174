// SPDX-License-Identifier: Apache-2.0
// client/cluster_calls.hh -- obj_prefetch() and obj_push(): what one node asks of others.
#pragma once

#include <cstdint>
#include <span>

#include <obj/obj.h>

#include "base/object_id.hh"
#include "client/client.hh"
#include "client/last_error.hh"

namespace obj::client {

[[nodiscard]] Status prefetch(Client& client, std::span<const obj_id> ids, int32_t timeout_ms);

[[nodiscard]] Status push(Client& client, const ObjectId& id, uint32_t node);

}  // namespace obj::client
