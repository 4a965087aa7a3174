// SPDX-License-Identifier: Apache-2.0
// client/c_boundary.hh -- what every function of obj.h does first and last: check, call, catch.
#pragma once

// The library is compiled with hidden symbols; what obj.h declares is what it exports. So whoever
// defines its functions includes this file before any other that includes obj.h.
#pragma GCC visibility push(default)
#include <obj/obj.h>
#pragma GCC visibility pop

#include <cstdint>
#include <new>

#include "client/client.hh"
#include "client/get_calls.hh"
#include "client/last_error.hh"
#include "client/put_calls.hh"

namespace obj::client {

inline int out_of_memory() { return fail(OBJ_ENOMEM, "this process has no memory left"); }

inline int null_argument(const char* call) {
  return fail(OBJ_EINVAL, "%s: an argument that must not be NULL is", call);
}

template <class... Pointers>
bool any_null(const Pointers*... pointers) {
  return (... || (pointers == nullptr));
}

// Calls `call` with the client, if that may be used at all.
template <class Call>
int with(obj_client* client, Call&& call) {
  if (!client->liveness().usable()) [[unlikely]]
    return client->why_unusable();
  try {
    return call(*client);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

// The same for calls that are useful after objd is gone; a fork is all that stands in their way.
template <class Call>
int with_dead_or_alive(obj_client* client, Call&& call) {
  if (!client->liveness().is_own()) [[unlikely]]
    return client->why_unusable();
  try {
    return call(*client);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

// The same for a call that starts a request.
template <class Call>
int start(obj_client* client, obj_request** request, Call&& call) {
  return with(client, [&](Client& session) -> int {
    const OrStatus<obj_request*> started = call(session);
    if (!started) return started.error();
    *request = *started;
    return OBJ_OK;
  });
}

inline NewObject new_object(const obj_id* id, const void* data, uint64_t data_bytes,
                            const void* metadata, uint64_t metadata_bytes) {
  return {id_of(*id), data_bytes, metadata_bytes, data, metadata};
}

inline bool lacks_bytes(const void* bytes, uint64_t size_bytes) {
  return bytes == nullptr && size_bytes != 0;
}

}  // namespace obj::client
