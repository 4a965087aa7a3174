// SPDX-License-Identifier: Apache-2.0
// tools/objbench/remote_objects.hh -- objects that the directory knows, and whose bytes can be
// checked.
#pragma once

#include <obj/obj.h>

#include <cstddef>
#include <span>

#include "tools/objbench/client.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

// Puts an object under each id and waits until the directory knows them, so that no get waits for a
// put's report. First and last bytes tell the objects apart; see is_whole().
Outcome<void> store_reported(const Client& client, std::span<const obj_id> ids, size_t size_bytes);

// Until the directory knows so many copies of the object.
Outcome<void> wait_for_copies(const Client& client, const obj_id& id, size_t copies);

// Whether a view has the bytes that store_reported() put.
Outcome<void> is_whole(const obj_view& view, const obj_id& id, size_t size_bytes);

// Frees objects on all nodes.
Outcome<void> remove_all(const Client& client, std::span<const obj_id> ids);

}  // namespace objbench
