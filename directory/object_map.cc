// SPDX-License-Identifier: Apache-2.0
#include "directory/object_map.hh"

#include "base/check.hh"

namespace obj::directory {

uint32_t ObjectMap::find_or_add(const ObjectId& id, uint64_t hash, uint32_t records_max) {
  if (const uint32_t number = find(id, hash)) return number;
  if (records_.used() >= records_max) return 0;
  const uint32_t number = records_.allocate();
  records_[number] = {};
  records_[number].id = id;
  index_.insert(hash, number);
  return number;
}

void ObjectMap::erase(uint32_t number) {
  OBJ_CHECK(!records_[number].in_use());
  index_.erase(hash_of(records_[number].id), number);
  records_.release(number);
}

}  // namespace obj::directory
