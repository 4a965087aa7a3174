// SPDX-License-Identifier: Apache-2.0
// client/object_calls.hh -- calls about one object by name: delete, pin, unpin, stat, spill,
// restore.
#pragma once

#include <cstdint>
#include <string_view>

#include <obj/obj.h>

#include "base/object_id.hh"
#include "client/client.hh"
#include "client/last_error.hh"
#include "client/operation.hh"

namespace obj::client {

OrStatus<Order> remove_order(const Client& client, const ObjectId& id);

[[nodiscard]] Status remove(Client& client, const ObjectId& id);
// `kind`: kPin or kUnpin. REQUIRES: owner is 1..OBJ_OWNER_BYTES_MAX bytes.
[[nodiscard]] Status pin(Client& client, Order::Kind kind, const ObjectId& id,
                         std::string_view owner);
[[nodiscard]] Status spill(Client& client, const ObjectId& id);
[[nodiscard]] Status restore(Client& client, const ObjectId& id, int32_t timeout_ms);
[[nodiscard]] Status stat(Client& client, const ObjectId& id, obj_info& info);

}  // namespace obj::client
