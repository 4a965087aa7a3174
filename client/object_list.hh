// SPDX-License-Identifier: Apache-2.0
// client/object_list.hh -- walks the object table, for obj_list().
#pragma once

#include <cstdint>
#include <span>

#include <obj/obj.h>

#include "store/shared/table_view.hh"

namespace obj::client {

// Fills `infos` from slot `cursor` on; returns how many. Moves the cursor on, to 0 at the end.
// REQUIRES: cursor <= table.slot_count().
size_t list_objects(const TableView& table, uint64_t& cursor, std::span<obj_info> infos);

}  // namespace obj::client
