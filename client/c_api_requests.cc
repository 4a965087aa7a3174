// SPDX-License-Identifier: Apache-2.0
// client/c_api_requests.cc -- the non-blocking functions of obj.h.

#include "client/c_boundary.hh"

#include "client/async_calls.hh"

using obj::client::any_null;
using obj::client::Client;
using obj::client::id_of;
using obj::client::lacks_bytes;
using obj::client::new_object;
using obj::client::null_argument;
using obj::client::start;
using obj::client::with_dead_or_alive;

int obj_put_async(obj_client* client, const obj_id* id, const void* data, uint64_t data_bytes,
                  const void* metadata, uint64_t metadata_bytes, int32_t timeout_ms,
                  obj_request** request) {
  if (any_null(client, id, request) || lacks_bytes(data, data_bytes) ||
      lacks_bytes(metadata, metadata_bytes)) {
    return null_argument("obj_put_async");
  }
  return start(client, request, [&](Client& session) {
    const auto object = new_object(id, data, data_bytes, metadata, metadata_bytes);
    return obj::client::start_put(session, object, timeout_ms);
  });
}

int obj_create_async(obj_client* client, const obj_id* id, uint64_t data_bytes,
                     uint64_t metadata_bytes, int32_t timeout_ms, obj_buffer* buffer,
                     obj_request** request) {
  if (any_null(client, id, buffer, request)) return null_argument("obj_create_async");
  return start(client, request, [&](Client& session) {
    const auto object = new_object(id, nullptr, data_bytes, nullptr, metadata_bytes);
    return obj::client::start_create(session, object, timeout_ms, *buffer);
  });
}

int obj_seal_async(obj_client* client, obj_buffer* buffer, obj_request** request) {
  if (any_null(client, buffer, request)) return null_argument("obj_seal_async");
  return start(client, request,
               [&](Client& session) { return obj::client::start_seal(session, *buffer); });
}

int obj_get_async(obj_client* client, const obj_id* id, int32_t timeout_ms, obj_view* view,
                  obj_request** request) {
  if (any_null(client, id, view, request)) return null_argument("obj_get_async");
  return start(client, request, [&](Client& session) {
    return obj::client::start_get(session, id_of(*id), timeout_ms, *view);
  });
}

int obj_delete_async(obj_client* client, const obj_id* id, obj_request** request) {
  if (any_null(client, id, request)) return null_argument("obj_delete_async");
  return start(client, request,
               [&](Client& session) { return obj::client::start_remove(session, id_of(*id)); });
}

int obj_test(obj_client* client, obj_request** request, int* done, int* status) {
  if (any_null(client, request, done)) return null_argument("obj_test");
  return with_dead_or_alive(
      client, [&](Client& session) { return obj::client::test(session, *request, *done, status); });
}

int obj_wait_all(obj_client* client, obj_request** requests, size_t count, int32_t timeout_ms,
                 int* statuses) {
  if (client == nullptr || lacks_bytes(requests, count)) return null_argument("obj_wait_all");
  return with_dead_or_alive(client, [&](Client& session) {
    return obj::client::wait_all(session, {requests, count}, timeout_ms, statuses);
  });
}

int obj_cancel(obj_client* client, obj_request* request) {
  if (any_null(client, request)) return null_argument("obj_cancel");
  return with_dead_or_alive(client, [&](Client& session) -> int {
    session.progress().cancel(*request);
    return OBJ_OK;
  });
}
