// SPDX-License-Identifier: Apache-2.0
#include "node/remote/locations.hh"

#include "store/extent_allocator.hh"
#include "store/shared/slot.hh"

namespace obj {

ObjectShape shape_of(const directory::ObjectShape& shape) {
  ObjectShape result;
  result.data_bytes = shape.data_bytes;
  result.metadata_bytes = shape.metadata_bytes;
  result.origin = shape.origin;
  result.transfer_bytes = transfer_bytes(shape.data_bytes, shape.metadata_bytes);
  result.extent_bytes = ExtentAllocator::extent_bytes(result.transfer_bytes);
  return result;
}

ObjectRecord record_of(const directory::Located& located, uint32_t self) {
  ObjectRecord record;
  if (located.copies.empty() || located.shape.data_bytes > kDataBytesMax) return record;
  record.shape = shape_of(located.shape);
  for (const directory::Location& location : located.copies) {
    if (location.node.node == self) continue;
    const directory::Copy& copy = location.copy;
    if (copy.state == directory::CopyState::kSpilled) {
      record.spilled_at = location.node;
      continue;
    }
    const bool is_whole = copy.state == directory::CopyState::kSealed;
    record.sources.push_back({.node = location.node,
                              .slot = copy.slot,
                              .generation = copy.generation,
                              .offset = copy.offset,
                              .ready_bytes = is_whole ? record.shape->transfer_bytes : 0});
  }
  return record;
}

directory::ObjectShape shape_of(const Placement& placement, SourceNode self) {
  const uint32_t origin = placement.origin != 0
                              ? placement.origin
                              : directory::origin_of({self.node, self.incarnation},
                                                     placement.ref.slot, placement.ref.generation);
  return {placement.data_bytes, placement.metadata_bytes, origin};
}

directory::Copy copy_of(const Placement& placement, directory::CopyState state) {
  return {.offset = placement.offset,
          .generation = placement.ref.generation,
          .slot = placement.ref.slot,
          .state = state,
          .role = placement.role == CopyRole::kPrimary ? directory::CopyRole::kPrimary
                                                       : directory::CopyRole::kSecondary};
}

}  // namespace obj
