// SPDX-License-Identifier: Apache-2.0
// store/unsealed.hh -- which session is creating which objects.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "store/ledger.hh"
#include "store/object_entry.hh"

namespace obj {

// Limits: one record for each session that ever created something and has not ended.
class Unsealed {
 public:
  struct Creator {
    PlaceList entries;
    Holding held;
  };

  void add(ObjectEntry& entry) {
    Creator& creator = creators_[entry.creator];
    creator.entries.push_back(entry);
    creator.held.objects++;
    creator.held.bytes += entry.size_bytes;
  }
  void remove(ObjectEntry& entry) {
    Creator& creator = creators_.find(entry.creator)->second;
    creator.entries.erase(creator.entries.iterator_to(entry));
    creator.held.objects--;
    creator.held.bytes -= entry.size_bytes;
  }

  // Any one of the session's, or null if it has none.
  ObjectEntry* first_of(SessionId session) {
    const auto creator = creators_.find(session);
    if (creator == creators_.end() || creator->second.entries.empty()) return nullptr;
    return &creator->second.entries.front();
  }
  // REQUIRES: the session has none left.
  void forget(SessionId session) { creators_.erase(session); }

  const std::unordered_map<SessionId, Creator>& creators() const { return creators_; }

 private:
  std::unordered_map<SessionId, Creator> creators_;
};

}  // namespace obj
