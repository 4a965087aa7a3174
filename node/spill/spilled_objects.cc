// SPDX-License-Identifier: Apache-2.0
#include "node/spill/spilled_objects.hh"

#include "base/check.hh"

namespace obj {

const SpilledObject* SpilledObjects::find(const ObjectId& id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : &found->second;
}

void SpilledObjects::add(const SpilledObject& object) {
  const bool is_new = objects_.emplace(object.copy.id, object).second;
  OBJ_CHECK(is_new);
  totals_.objects++;
  totals_.bytes += object.place.size;
  if (!object.in_memory) totals_.only_objects++;
}

void SpilledObjects::erase(const ObjectId& id) {
  const auto gone = objects_.extract(id);
  OBJ_CHECK(!gone.empty());
  totals_.objects--;
  totals_.bytes -= gone.mapped().place.size;
  if (!gone.mapped().in_memory) totals_.only_objects--;
}

void SpilledObjects::came_to_memory(const ObjectId& id, ObjectRef ref) {
  SpilledObject& object = objects_.at(id);
  OBJ_CHECK(!object.in_memory);
  object.in_memory = true;
  object.ref = ref;
  totals_.only_objects--;
}

void SpilledObjects::left_memory(const ObjectId& id) {
  SpilledObject& object = objects_.at(id);
  OBJ_CHECK(object.in_memory);
  object.in_memory = false;
  totals_.only_objects++;
}

SpilledTotals SpilledObjects::recount() const {
  SpilledTotals totals;
  for (const auto& [id, object] : objects_) {
    totals.objects++;
    totals.bytes += object.place.size;
    if (!object.in_memory) totals.only_objects++;
  }
  return totals;
}

}  // namespace obj
