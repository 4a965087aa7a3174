// SPDX-License-Identifier: Apache-2.0
// client/put_calls.hh -- obj_put(), obj_create(), obj_seal(), obj_abort().
#pragma once

#include <cstdint>

#include <obj/obj.h>

#include "base/object_id.hh"
#include "client/client.hh"
#include "client/last_error.hh"
#include "client/operation.hh"

namespace obj::client {

// A user's object, as given: sizes are unchecked.
struct NewObject {
  ObjectId id;
  uint64_t data_bytes;
  uint64_t metadata_bytes;
  const void* data;      // null for obj_create()
  const void* metadata;  // null for obj_create()
};

// The order for it. OBJ_EREADONLY, OBJ_ETOOLARGE, OBJ_EINVAL.
OrStatus<Order> put_order(const Client& client, const NewObject& object, int32_t timeout_ms);
OrStatus<Order> create_order(const Client& client, const NewObject& object, int32_t timeout_ms);
// kSeal or kAbort of the buffer's object. OBJ_EINVAL: the client does not hold it.
OrStatus<Order> buffer_order(const Client& client, Order::Kind kind, const obj_buffer& buffer);

[[nodiscard]] Status put(Client& client, const NewObject& object, int32_t timeout_ms);
[[nodiscard]] Status create(Client& client, const NewObject& object, int32_t timeout_ms,
                            obj_buffer& buffer);
// `kind`: kSeal or kAbort. Empties the buffer, but for OBJ_EINVAL.
[[nodiscard]] Status end_buffer(Client& client, Order::Kind kind, obj_buffer& buffer);

// The buffer of a create that is Done and succeeded.
void fill_buffer(const Client& client, const Operation& operation, obj_buffer& buffer);

}  // namespace obj::client
