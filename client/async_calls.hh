// SPDX-License-Identifier: Apache-2.0
// client/async_calls.hh -- the non-blocking calls: start, test, wait for all.
#pragma once

#include <cstdint>
#include <span>

#include <obj/obj.h>

#include "client/client.hh"
#include "client/last_error.hh"
#include "client/operation.hh"
#include "client/put_calls.hh"

namespace obj::client {

// Each starts an operation and does not wait. OBJ_ELIMIT if requests_max are in flight; then, as
// after every failure, nothing was started and the arguments are as they were.
OrStatus<obj_request*> start_put(Client& client, const NewObject& object, int32_t timeout_ms);
OrStatus<obj_request*> start_create(Client& client, const NewObject& object, int32_t timeout_ms,
                                    obj_buffer& buffer);
OrStatus<obj_request*> start_seal(Client& client, obj_buffer& buffer);
OrStatus<obj_request*> start_get(Client& client, const ObjectId& id, int32_t timeout_ms,
                                 obj_view& view);
OrStatus<obj_request*> start_remove(Client& client, const ObjectId& id);

// As obj_test() and obj_wait_all().
[[nodiscard]] Status test(Client& client, obj_request*& request, int& done, int* status);
[[nodiscard]] Status wait_all(Client& client, std::span<obj_request*> requests, int32_t timeout_ms,
                              int* statuses);

}  // namespace obj::client
