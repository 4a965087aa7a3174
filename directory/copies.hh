// SPDX-License-Identifier: Apache-2.0
// directory/copies.hh -- the copies of one object, in the order in which they became known.
//
// The first copy decides what the object is: its shape is the record's. Shown are the copies of the
// same origin that are not being freed. The first copy is one of them if there is any, so when it
// goes the next shown copy takes its place; or else the first one of another put, which then is the
// object; or else one that is being freed, and then nothing is shown.
#pragma once

#include <cstdint>

#include "directory/object_record.hh"
#include "directory/slab.hh"

namespace obj::directory {

// Threads: the reactor thread.
class Copies {
 public:
  // Where a copy is: in the record itself, or a MoreCopy's number. Valid until erase() or add().
  struct Position {
    bool found = false;
    uint32_t more = 0;
  };

  // Calls visit(CopyEntry&, shape) for each copy. `visit` must not add or erase.
  template <class Visit>
  void for_each(ObjectRecord& record, Visit&& visit) {
    if (!record.has_copies()) return;
    visit(record.first, record.shape());
    for (uint32_t at = record.more; at != 0; at = more_[at].next) {
      visit(more_[at].entry, more_[at].shape);
    }
  }
  // The same for the copies that are shown.
  template <class Visit>
  void for_each_shown(ObjectRecord& record, Visit&& visit) {
    if (!shows_any(record)) return;
    visit(record.first);
    for (uint32_t at = record.more; at != 0; at = more_[at].next) {
      if (is_shown(record, more_[at])) visit(more_[at].entry);
    }
  }

  // The first copy for which wanted(CopyEntry) is true.
  template <class Wanted>
  Position find(const ObjectRecord& record, Wanted&& wanted) const {
    return find_at(record, [&](Position position) { return wanted(entry(record, position)); });
  }
  // The same with wanted(Position).
  template <class Wanted>
  Position find_at(const ObjectRecord& record, Wanted&& wanted) const {
    if (!record.has_copies()) return {};
    if (wanted(Position{true, 0})) return {true, 0};
    for (uint32_t at = record.more; at != 0; at = more_[at].next) {
      if (wanted(Position{true, at})) return {true, at};
    }
    return {};
  }

  CopyEntry& entry(ObjectRecord& record, Position position) {
    return position.more == 0 ? record.first : more_[position.more].entry;
  }
  const CopyEntry& entry(const ObjectRecord& record, Position position) const {
    return position.more == 0 ? record.first : more_[position.more].entry;
  }
  ObjectShape shape(const ObjectRecord& record, Position position) const {
    return position.more == 0 ? record.shape() : more_[position.more].shape;
  }
  bool is_shown(const ObjectRecord& record, Position position) const {
    return shows_any(record) && (position.more == 0 || is_shown(record, more_[position.more]));
  }
  static bool shows_any(const ObjectRecord& record) {
    return record.has_copies() && !record.first.freeing();
  }

  // As the last one; or as the first, if there is none or nothing is shown.
  Position add(ObjectRecord& record, const CopyEntry& entry, const ObjectShape& shape);
  void erase(ObjectRecord& record, Position position);

  uint64_t bytes() const { return more_.bytes(); }

 private:
  static bool is_shown(const ObjectRecord& record, const MoreCopy& copy) {
    return copy.shape.origin == record.origin && !copy.entry.freeing();
  }
  uint32_t successor(const ObjectRecord& record) const;
  void unlink(ObjectRecord& record, uint32_t number);

  Slab<MoreCopy, 1024> more_;
};

}  // namespace obj::directory
