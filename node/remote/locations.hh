// SPDX-License-Identifier: Apache-2.0
// node/remote/locations.hh -- what the directory says, in the words of the pull manager, and what
// this node says of its own copies, in the words of the directory. Pure.
#pragma once

#include "directory/directory_client_owner.hh"
#include "directory/location.hh"
#include "fabric/pull/source.hh"
#include "store/object_ref.hh"

namespace obj {

// Without the copies of `self`. A shape that no arena could hold is none.
ObjectRecord record_of(const directory::Located& located, uint32_t self);

// What a pull must reserve for a copy of this shape. REQUIRES: data_bytes <= kDataBytesMax.
inline constexpr uint64_t kDataBytesMax = uint64_t{1} << 48;
ObjectShape shape_of(const directory::ObjectShape& shape);

// A copy of this node as it is reported. A put of this node has no origin yet: it gets one.
directory::ObjectShape shape_of(const Placement& placement, SourceNode self);
directory::Copy copy_of(const Placement& placement, directory::CopyState state);

}  // namespace obj
