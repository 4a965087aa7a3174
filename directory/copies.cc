// SPDX-License-Identifier: Apache-2.0
#include "directory/copies.hh"

namespace obj::directory {

Copies::Position Copies::add(ObjectRecord& record, const CopyEntry& entry,
                             const ObjectShape& shape) {
  if (!record.has_copies()) {
    record.first = entry;
    record.set_shape(shape);
    return {true, 0};
  }
  const uint32_t number = more_.allocate();
  if (record.first.freeing()) {
    more_[number] = {record.more, 0, record.shape(), record.first};
    record.more = number;
    record.first = entry;
    record.set_shape(shape);
    return {true, 0};
  }
  more_[number] = {0, 0, shape, entry};
  uint32_t* link = &record.more;
  while (*link != 0) link = &more_[*link].next;
  *link = number;
  return {true, number};
}

void Copies::erase(ObjectRecord& record, Position position) {
  if (position.more != 0) return unlink(record, position.more);
  if (record.more == 0) {
    record.first = {};
    record.set_shape({});
    return;
  }
  const uint32_t next = successor(record);
  record.first = more_[next].entry;
  record.set_shape(more_[next].shape);
  unlink(record, next);
}

// Who takes the first copy's place. REQUIRES: there is more than one copy.
uint32_t Copies::successor(const ObjectRecord& record) const {
  uint32_t other_put = 0;
  for (uint32_t at = record.more; at != 0; at = more_[at].next) {
    if (more_[at].entry.freeing()) continue;
    if (more_[at].shape.origin == record.origin) return at;
    if (other_put == 0) other_put = at;
  }
  return other_put != 0 ? other_put : record.more;
}

void Copies::unlink(ObjectRecord& record, uint32_t number) {
  uint32_t* link = &record.more;
  while (*link != number) link = &more_[*link].next;
  *link = more_[number].next;
  more_.release(number);
}

}  // namespace obj::directory
