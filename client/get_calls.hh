// SPDX-License-Identifier: Apache-2.0
// client/get_calls.hh -- obj_get() and its kin.
#pragma once

#include <cstddef>
#include <cstdint>

#include <obj/obj.h>

#include "base/object_id.hh"
#include "client/client.hh"
#include "client/last_error.hh"
#include "client/operation.hh"

namespace obj::client {

// What obj_get() does when the hit path did not succeed: `attempt` says how.
// REQUIRES: attempt != kViewed.
[[nodiscard]] Status get_slowly(Client& client, const ObjectId& id, int32_t timeout_ms,
                                LocalReader::Attempt attempt, obj_view& view);

inline Status get(Client& client, const ObjectId& id, int32_t timeout_ms, obj_view& view) {
  const auto attempt = client.reader().try_view(id, view);
  if (attempt == LocalReader::Attempt::kViewed) [[likely]]
    return OBJ_OK;
  return get_slowly(client, id, timeout_ms, attempt, view);
}

// `views`, `statuses`: one for each id.
[[nodiscard]] Status get_many(Client& client, std::span<const obj_id> ids, int32_t timeout_ms,
                              std::span<obj_view> views, std::span<int> statuses);

[[nodiscard]] Status contains(Client& client, const ObjectId& id, int& present);

[[nodiscard]] Status release_many(Client& client, std::span<obj_view> views);

// Reserves a pin cell for a get that the daemon answers. OBJ_ELIMIT.
OrStatus<uint32_t> reserve_cell(Client& client);
[[nodiscard]] Status report_no_cell(const Client& client);

// The view of a get that is Done and succeeded.
void fill_view(Client& client, const Operation& operation, obj_view& view);

inline ObjectId id_of(const obj_id& id) { return std::bit_cast<ObjectId>(id); }

}  // namespace obj::client
