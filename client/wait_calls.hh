// SPDX-License-Identifier: Apache-2.0
// client/wait_calls.hh -- obj_wait(): k of n objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <obj/obj.h>

#include "client/client.hh"
#include "client/last_error.hh"

namespace obj::client {

// `ready`: one for each id. REQUIRES: wanted <= ids.size().
[[nodiscard]] Status wait_for(Client& client, std::span<const obj_id> ids, size_t wanted,
                              int32_t timeout_ms, std::span<uint8_t> ready, size_t& ready_count);

}  // namespace obj::client
