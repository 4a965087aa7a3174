// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/wanted_objects.hh"

#include <algorithm>

#include "base/check.hh"
#include "fabric/pull/jitter.hh"

namespace obj {

WantedObject* WantedObjects::find(const ObjectId& id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : found->second.get();
}

void WantedObjects::link(Bundle& bundle, std::span<const ObjectId> ids,
                         std::vector<WantedObject*>& fresh) {
  OBJ_CHECK(bundle.wants.empty());
  bundle.wants.reserve(ids.size());  // so that the wants stay where they are
  for (const ObjectId& id : ids) {
    std::unique_ptr<WantedObject>& object = objects_[id];
    if (object == nullptr) {
      object = std::make_unique<WantedObject>();
      object->id = id;
    }
    Want* const head = object->wants;
    if (head != nullptr && head->bundle == &bundle) continue;  // the latest to join is this one
    if (head == nullptr) fresh.push_back(object.get());
    Want& want = bundle.wants.emplace_back();
    want = {.bundle = &bundle, .object = object.get(), .next = head, .previous = nullptr};
    if (head != nullptr) head->previous = &want;
    object->wants = &want;
  }
}

void WantedObjects::unlink(Bundle& bundle, std::vector<WantedObject*>& orphans) {
  for (Want& want : bundle.wants) {
    if (want.previous != nullptr) want.previous->next = want.next;
    if (want.next != nullptr) want.next->previous = want.previous;
    if (want.object->wants == &want) want.object->wants = want.next;
    if (want.object->wants == nullptr) orphans.push_back(want.object);
  }
}

void WantedObjects::erase(WantedObject& object) {
  OBJ_CHECK(object.wants == nullptr);
  objects_.erase(ObjectId(object.id));
}

std::vector<Source> choose_sources(std::vector<Source> sources, uint64_t transfer_bytes,
                                   size_t count_max, uint64_t seed) {
  if (sources.size() <= count_max) return sources;
  const auto rank = [&](const Source& source) {
    return Jitter::mix(seed ^ SourceNodeHash{}(source.node) ^ source.generation);
  };
  // Whole copies first, each kind in an order of its own for each reader.
  const auto order = [&](const Source& source) {
    return std::pair(source.ready_bytes < transfer_bytes, rank(source));
  };
  std::sort(sources.begin(), sources.end(),
            [&](const Source& a, const Source& b) { return order(a) < order(b); });
  const auto whole_end = std::find_if(sources.begin(), sources.end(), [&](const Source& source) {
    return source.ready_bytes < transfer_bytes;
  });
  const size_t whole = static_cast<size_t>(whole_end - sources.begin());
  const size_t partial = sources.size() - whole;
  const size_t whole_used =
      std::max(std::min(whole, (count_max + 1) / 2), count_max - std::min(partial, count_max));
  std::rotate(sources.begin() + static_cast<ptrdiff_t>(whole_used), whole_end, sources.end());
  sources.resize(count_max);
  return sources;
}

}  // namespace obj
