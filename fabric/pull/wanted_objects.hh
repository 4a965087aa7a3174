// SPDX-License-Identifier: Apache-2.0
// fabric/pull/wanted_objects.hh -- the objects that bundles want, and who wants which. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "fabric/pull/bundle.hh"

namespace obj {

class WantedObjects {
 public:
  // Null if nobody wants it and no pull of it runs.
  WantedObject* find(const ObjectId& id) const;

  // Links the bundle to its objects, duplicates dropped. Objects that nobody wanted before are
  // appended to `fresh`. REQUIRES: bundle.wants is empty; the bundle stays where it is.
  void link(Bundle& bundle, std::span<const ObjectId> ids, std::vector<WantedObject*>& fresh);
  // Takes the bundle out of its objects' lists; those that nobody wants any more are appended to
  // `orphans`. bundle.wants stays readable.
  void unlink(Bundle& bundle, std::vector<WantedObject*>& orphans);

  // REQUIRES: nobody wants it.
  void erase(WantedObject& object);

  size_t size() const { return objects_.size(); }
  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [id, object] : objects_) visit(*object);
  }

 private:
  std::unordered_map<ObjectId, std::unique_ptr<WantedObject>, ObjectIdHash> objects_;
};

// The sources to use of a record that may name thousands: at most `count_max`, whole copies first
// up to half of them, since without one a set of partial copies might wait for one another; which
// ones depends on `seed`, so that many readers do not all choose the same.
std::vector<Source> choose_sources(std::vector<Source> sources, uint64_t transfer_bytes,
                                   size_t count_max, uint64_t seed);

}  // namespace obj
