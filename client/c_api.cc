// SPDX-License-Identifier: Apache-2.0
// client/c_api.cc -- the blocking functions of obj.h: each checks its arguments and calls.

#include "client/c_boundary.hh"

#include <cstring>
#include <new>

#include "base/object_id.hh"
#include "client/client.hh"
#include "client/cluster_calls.hh"
#include "client/get_calls.hh"
#include "client/object_calls.hh"
#include "client/object_list.hh"
#include "client/open_request.hh"
#include "client/put_calls.hh"
#include "client/session/hello.hh"
#include "client/wait_calls.hh"

using namespace obj::client;

// ---- open and close ----------------------------------------------------------------------------

int obj_open(const char* socket_path, const obj_open_options* options, obj_client** client) {
  if (client == nullptr) return null_argument("obj_open");
  try {
    const auto request = obj::client::make_open_request(socket_path, options);
    if (!request) return request.error();
    auto session = Client::open(*request);
    if (!session) return session.error();
    *client = session->release();
    return OBJ_OK;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

void obj_close(obj_client* client) {
  if (client == nullptr) return;
  if (client->liveness().is_own()) {
    delete client;
  } else {
    // Its locks may be held by threads that this process does not have, so it is not destroyed.
    client->leave_in_child();
  }
}

// ---- put ---------------------------------------------------------------------------------------

int obj_put(obj_client* client, const obj_id* id, const void* data, uint64_t data_bytes,
            const void* metadata, uint64_t metadata_bytes, int32_t timeout_ms) {
  if (any_null(client, id) || lacks_bytes(data, data_bytes) ||
      lacks_bytes(metadata, metadata_bytes)) {
    return null_argument("obj_put");
  }
  return with(client, [&](Client& session) {
    return obj::client::put(session, new_object(id, data, data_bytes, metadata, metadata_bytes),
                            timeout_ms);
  });
}

int obj_create(obj_client* client, const obj_id* id, uint64_t data_bytes, uint64_t metadata_bytes,
               int32_t timeout_ms, obj_buffer* buffer) {
  if (any_null(client, id, buffer)) return null_argument("obj_create");
  return with(client, [&](Client& session) {
    return obj::client::create(
        session, new_object(id, nullptr, data_bytes, nullptr, metadata_bytes), timeout_ms, *buffer);
  });
}

static int end_buffer(obj_client* client, Order::Kind kind, obj_buffer* buffer) {
  const int status = with(
      client, [&](Client& session) { return obj::client::end_buffer(session, kind, *buffer); });
  // With objd its objects under construction are gone.
  if (status == OBJ_EDISCONNECTED) *buffer = obj_buffer{};
  return status;
}

int obj_seal(obj_client* client, obj_buffer* buffer) {
  if (any_null(client, buffer)) return null_argument("obj_seal");
  return end_buffer(client, Order::Kind::kSeal, buffer);
}

int obj_abort(obj_client* client, obj_buffer* buffer) {
  if (any_null(client, buffer)) return null_argument("obj_abort");
  return end_buffer(client, Order::Kind::kAbort, buffer);
}

// ---- get ---------------------------------------------------------------------------------------

int obj_get(obj_client* client, const obj_id* id, int32_t timeout_ms, obj_view* view) {
  if (any_null(client, id, view)) [[unlikely]]
    return null_argument("obj_get");
  return with(client, [&](Client& session) {
    return obj::client::get(session, id_of(*id), timeout_ms, *view);
  });
}

int obj_get_many(obj_client* client, const obj_id* ids, size_t count, int32_t timeout_ms,
                 obj_view* views, int* statuses) {
  if (client == nullptr || (count != 0 && any_null(ids, views, statuses))) {
    return null_argument("obj_get_many");
  }
  return with(client, [&](Client& session) {
    return obj::client::get_many(session, {ids, count}, timeout_ms, {views, count},
                                 {statuses, count});
  });
}

int obj_release(obj_client* client, obj_view* view) {
  if (any_null(client, view)) [[unlikely]]
    return null_argument("obj_release");
  return with_dead_or_alive(client, [&](Client& session) -> int {
    if (session.reader().release(*view)) [[likely]]
      return OBJ_OK;
    return fail(OBJ_EINVAL,
                "obj_release: the view is empty, released already, or another client's");
  });
}

int obj_release_many(obj_client* client, obj_view* views, size_t count) {
  if (client == nullptr || lacks_bytes(views, count)) return null_argument("obj_release_many");
  return with_dead_or_alive(
      client, [&](Client& session) { return obj::client::release_many(session, {views, count}); });
}

int obj_contains(obj_client* client, const obj_id* id, int* present) {
  if (any_null(client, id, present)) return null_argument("obj_contains");
  return with(client, [&](Client& session) {
    return obj::client::contains(session, id_of(*id), *present);
  });
}

int obj_wait(obj_client* client, const obj_id* ids, size_t count, size_t wanted, int32_t timeout_ms,
             uint8_t* ready, size_t* ready_count) {
  if (any_null(client, ready_count) || (count != 0 && any_null(ids, ready))) {
    return null_argument("obj_wait");
  }
  if (wanted > count) return fail(OBJ_EINVAL, "obj_wait: %zu wanted of only %zu", wanted, count);
  return with(client, [&](Client& session) {
    return obj::client::wait_for(session, {ids, count}, wanted, timeout_ms, {ready, count},
                                 *ready_count);
  });
}

// ---- delete, pin -------------------------------------------------------------------------------

int obj_delete(obj_client* client, const obj_id* id) {
  if (any_null(client, id)) return null_argument("obj_delete");
  return with(client, [&](Client& session) { return obj::client::remove(session, id_of(*id)); });
}

int obj_prefetch(obj_client* client, const obj_id* ids, size_t count, int32_t timeout_ms) {
  if (client == nullptr || (ids == nullptr && count != 0)) return null_argument("obj_prefetch");
  return with(client, [&](Client& session) {
    return obj::client::prefetch(session, {ids, count}, timeout_ms);
  });
}

int obj_push(obj_client* client, const obj_id* id, uint32_t node) {
  if (any_null(client, id)) return null_argument("obj_push");
  if (node == 0) return fail(OBJ_EINVAL, "obj_push: no node has the number 0");
  return with(client,
              [&](Client& session) { return obj::client::push(session, id_of(*id), node); });
}

int obj_spill(obj_client* client, const obj_id* id) {
  if (any_null(client, id)) return null_argument("obj_spill");
  return with(client, [&](Client& session) { return obj::client::spill(session, id_of(*id)); });
}

int obj_restore(obj_client* client, const obj_id* id, int32_t timeout_ms) {
  if (any_null(client, id)) return null_argument("obj_restore");
  return with(client, [&](Client& session) {
    return obj::client::restore(session, id_of(*id), timeout_ms);
  });
}

static int pin_or_unpin(obj_client* client, const obj_id* id, const char* owner, Order::Kind kind) {
  const size_t length = ::strnlen(owner, OBJ_OWNER_BYTES_MAX + 1);
  if (length == 0 || length > OBJ_OWNER_BYTES_MAX) {
    return fail(OBJ_EINVAL, "an owner name has 1 to %d bytes", OBJ_OWNER_BYTES_MAX);
  }
  return with(client, [&](Client& session) {
    return obj::client::pin(session, kind, id_of(*id), {owner, length});
  });
}

int obj_pin(obj_client* client, const obj_id* id, const char* owner) {
  if (any_null(client, id, owner)) return null_argument("obj_pin");
  return pin_or_unpin(client, id, owner, Order::Kind::kPin);
}

int obj_unpin(obj_client* client, const obj_id* id, const char* owner) {
  if (any_null(client, id, owner)) return null_argument("obj_unpin");
  return pin_or_unpin(client, id, owner, Order::Kind::kUnpin);
}

// ---- looking around ----------------------------------------------------------------------------

int obj_stat(obj_client* client, const obj_id* id, obj_info* info) {
  if (any_null(client, id, info)) return null_argument("obj_stat");
  return with(client,
              [&](Client& session) { return obj::client::stat(session, id_of(*id), *info); });
}

int obj_list(obj_client* client, uint64_t* cursor, obj_info* infos, size_t capacity,
             size_t* count) {
  if (any_null(client, cursor, count) || lacks_bytes(infos, capacity))
    return null_argument("obj_list");
  return with(client, [&](Client& session) -> int {
    if (*cursor > session.table().slot_count()) {
      return fail(OBJ_EINVAL, "obj_list: the cursor is not one that obj_list() returned");
    }
    *count = obj::client::list_objects(session.table(), *cursor, {infos, capacity});
    return OBJ_OK;
  });
}

static int ask_status(obj_client* client, const obj::session::StatusQuery& query, char* text,
                      size_t capacity, size_t* needed_bytes) {
  return with(client, [&](Client& session) {
    const Status status = session.status_channel().query(query, text, capacity, *needed_bytes);
    if (status == OBJ_EDISCONNECTED) session.progress().end();
    return status;
  });
}

int obj_status(obj_client* client, uint32_t topic, char* text, size_t capacity,
               size_t* needed_bytes) {
  if (any_null(client, needed_bytes) || lacks_bytes(text, capacity))
    return null_argument("obj_status");
  if (topic > OBJ_STATUS_NODES) return fail(OBJ_EINVAL, "obj_status: there is no topic %u", topic);
  const obj::session::StatusQuery query{
      obj::session::kStatusMagic, obj::session::StatusTopic{topic}, {}};
  return ask_status(client, query, text, capacity, needed_bytes);
}

int obj_locate(obj_client* client, const obj_id* id, char* text, size_t capacity,
               size_t* needed_bytes) {
  if (any_null(client, id, needed_bytes) || lacks_bytes(text, capacity))
    return null_argument("obj_locate");
  obj::session::StatusQuery query{
      obj::session::kStatusMagic, obj::session::StatusTopic::kWhere, {}};
  std::memcpy(query.id, id->bytes, sizeof query.id);
  return ask_status(client, query, text, capacity, needed_bytes);
}
