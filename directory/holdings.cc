// SPDX-License-Identifier: Apache-2.0
#include "directory/holdings.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj::directory {
namespace {

bool is_same_copy(const CopyEntry& entry, const Copy& copy) {
  return entry.slot == copy.slot && entry.generation() == copy.generation;
}

bool lies_in_arena(const CopyReport& report, uint64_t arena_bytes) {
  if (report.copy.state == CopyState::kSpilled) return true;  // in storage, and of any size
  uint64_t room = arena_bytes;
  for (const uint64_t part :
       {report.copy.offset, report.shape.data_bytes, uint64_t{report.shape.metadata_bytes}}) {
    if (part > room) return false;
    room -= part;
  }
  return true;
}

}  // namespace

Holdings::Holdings(uint64_t seed, uint32_t objects_max, uint32_t subscriptions_per_peer_max,
                   DirectoryListener& listener)
    : listener_(listener),
      objects_max_(objects_max),
      objects_(seed),
      subscriptions_(subscriptions_per_peer_max) {
  OBJ_CHECK(objects_max <= ObjectMap::kRecordsMax);
}

void Holdings::retire(TenureNumber tenure) {
  tenures_.retire(tenure);
  if (tenures_.retired_copies() == 0) return;
  watches_to_sweep_ = subscriptions_.end();
  records_to_sweep_ = objects_.end();
}

Holdings::Outcome Holdings::apply_one(const Holder& holder, const CopyReport& report,
                                      uint64_t hash) {
  work_++;
  if (report.kind == ReportKind::kHeld) return hold(holder, report, hash);
  remove(holder, report, hash);
  return Outcome::kTaken;
}

Holdings::Outcome Holdings::hold(const Holder& holder, const CopyReport& report, uint64_t hash) {
  if (!lies_in_arena(report, holder.arena_bytes)) return Outcome::kRefused;
  const uint32_t number = objects_.find_or_add(report.id, hash, objects_max_);
  if (number == 0) return Outcome::kRefused;
  ObjectRecord& record = objects_[number];
  settle(record);

  const Copies::Position own = own_copy(record, holder);
  if (own.found && is_same_copy(copies_.entry(record, own), report.copy)) {
    return hold_same(holder, report, record, own);
  }
  // The copy that we know of is gone. If the new one has the same bytes, it takes its place, which
  // is one change and not two.
  if (own.found && copies_.is_shown(record, own) && record.shape() == report.shape) {
    replace(copies_.entry(record, own), CopyEntry::of(report.copy, holder.tenure));
    tell_all(record, ChangeKind::kChanged, report.shape, location(copies_.entry(record, own)));
    return Outcome::kTaken;
  }
  if (own.found) erase_copy(record, own);
  const Outcome outcome = hold_new(holder, report, record);
  erase_if_unused(number);
  return outcome;
}

// The report is about the generation that we know.
Holdings::Outcome Holdings::hold_same(const Holder& holder, const CopyReport& report,
                                      ObjectRecord& record, Copies::Position own) {
  CopyEntry& entry = copies_.entry(record, own);
  const Copy known = entry.copy();
  const bool runs_back =
      known.state == CopyState::kSealed && report.copy.state == CopyState::kPartial;
  if (copies_.shape(record, own) != report.shape || known.offset != report.copy.offset ||
      runs_back) {
    return Outcome::kRefused;
  }
  const bool in_new_inventory = entry.tenure != holder.tenure;
  CopyEntry updated = CopyEntry::of(report.copy, holder.tenure);
  if (entry.freeing()) updated.generation_and_flags |= CopyEntry::kFreeing;
  replace(entry, updated);

  if (entry.freeing()) {
    // Only an inventory says that the order got lost; other reports may have crossed it.
    if (in_new_inventory) order_free(record, entry);
    return Outcome::kTaken;
  }
  if (!copies_.is_shown(record, own)) return Outcome::kConflict;
  if (known != report.copy) {
    tell_all(record, ChangeKind::kChanged, report.shape, location(entry));
  }
  return Outcome::kTaken;
}

Holdings::Outcome Holdings::hold_new(const Holder& holder, const CopyReport& report,
                                     ObjectRecord& record) {
  bool contradicts = false;
  copies_.for_each(record, [&](const CopyEntry& entry, const ObjectShape& shape) {
    contradicts |= !entry.freeing() && shape.origin == report.shape.origin && shape != report.shape;
  });
  if (contradicts) return Outcome::kRefused;

  const CopyEntry entry = CopyEntry::of(report.copy, holder.tenure);
  const Copies::Position position = copies_.add(record, entry, report.shape);
  tenures_.count(entry);
  if (!copies_.is_shown(record, position)) return Outcome::kConflict;
  tell_all(record, ChangeKind::kAdded, report.shape, location(entry));
  return Outcome::kTaken;
}

void Holdings::remove(const Holder& holder, const CopyReport& report, uint64_t hash) {
  const uint32_t number = objects_.find(report.id, hash);
  if (number == 0) return;
  ObjectRecord& record = objects_[number];
  settle(record);
  const Copies::Position own = own_copy(record, holder);
  // Whatever its generation: the copy that was removed may be one that came and went between two
  // reports, in the place of the one that we know. A node's reports are in order, so none comes
  // late.
  if (own.found) erase_copy(record, own);
  erase_if_unused(number);
}

// REQUIRES: the record is settled, so each node has at most one copy in it.
Copies::Position Holdings::own_copy(const ObjectRecord& record, const Holder& holder) const {
  return copies_.find(record, [&](const CopyEntry& entry) {
    return entry.tenure == holder.tenure || tenures_.node(entry.tenure).node == holder.node;
  });
}

void Holdings::replace(CopyEntry& entry, const CopyEntry& by) {
  tenures_.discount(entry);
  entry = by;
  tenures_.count(entry);
}

void Holdings::erase_copy(ObjectRecord& record, Copies::Position position) {
  const bool was_shown = copies_.is_shown(record, position);
  const CopyEntry entry = copies_.entry(record, position);
  const ObjectShape shape = copies_.shape(record, position);
  const Location gone = location(entry);
  copies_.erase(record, position);
  tenures_.discount(entry);
  if (!was_shown) return;
  tell_all(record, ChangeKind::kRemoved, shape, gone);
  // The last copy of that put: another put of this id comes forward.
  if (record.origin == shape.origin) return;
  copies_.for_each_shown(record, [&](const CopyEntry& shown) {
    tell_all(record, ChangeKind::kAdded, record.shape(), location(shown));
  });
}

// Takes out the copies of retired tenures. Those that are not shown go first: they must not come
// forward only to be removed.
void Holdings::settle(ObjectRecord& record) {
  if (tenures_.retired_copies() == 0) return;
  for (const bool shown : {false, true}) {
    for (;;) {
      const Copies::Position dead = copies_.find_at(record, [&](Copies::Position position) {
        return !tenures_.is_live(copies_.entry(record, position).tenure) &&
               copies_.is_shown(record, position) == shown;
      });
      if (!dead.found) break;
      erase_copy(record, dead);
    }
  }
}

void Holdings::erase_if_unused(uint32_t number) {
  if (!objects_[number].in_use()) objects_.erase(number);
}

void Holdings::order_free(const ObjectRecord& record, const CopyEntry& entry) {
  const auto peer = tenures_.peer(entry.tenure);
  if (peer) listener_.on_free(*peer, {record.id, entry.generation(), entry.slot});
}

uint32_t Holdings::free(const ObjectId& id) {
  const uint32_t number = objects_.find(id, objects_.hash_of(id));
  if (number == 0) return 0;
  ObjectRecord& record = objects_[number];
  settle(record);
  copies_.for_each_shown(record, [&](const CopyEntry& entry) {
    tell_all(record, ChangeKind::kRemoved, record.shape(), location(entry));
  });
  uint32_t holders = 0;
  copies_.for_each(record, [&](CopyEntry& entry, const ObjectShape&) {
    if (entry.freeing()) return;
    entry.generation_and_flags |= CopyEntry::kFreeing;
    tenures_.count_freeing(entry);
    order_free(record, entry);
    holders++;
  });
  erase_if_unused(number);
  return holders;
}

void Holdings::lookup(std::span<const ObjectId> ids, LookupStatus missing,
                      std::span<Answer> answers) {
  OBJ_CHECK(answers.size() >= ids.size());
  for (size_t done = 0; done < ids.size(); done += kGroup) {
    const auto group = ids.subspan(done, std::min(kGroup, ids.size() - done));
    prefetch(group);
    for (size_t i = 0; i < group.size(); i++) {
      answer(objects_.find(group[i], hashes_[i]), missing, answers[done + i]);
    }
  }
}

void Holdings::answer(uint32_t number, LookupStatus missing, Answer& answer) {
  answer.status = missing;
  answer.shape = {};
  answer.copies_known = 0;
  answer.copies_shown = 0;
  if (number == 0) return;
  ObjectRecord& record = objects_[number];
  settle(record);
  if (copies_.shows_any(record)) {
    answer.status = LookupStatus::kFound;
    answer.shape = record.shape();
    show_copies(record, answer);
  }
  erase_if_unused(number);
}

void Holdings::show_copies(ObjectRecord& record, Answer& answer) {
  uint32_t known = 0;
  copies_.for_each_shown(record, [&](const CopyEntry&) { known++; });
  const uint32_t first = known > kCopiesShownMax ? rotation_++ % known : 0;
  uint32_t index = 0;
  copies_.for_each_shown(record, [&](const CopyEntry& entry) {
    const uint32_t place = (index++ + known - first) % known;
    if (place < kCopiesShownMax) answer.copies[place] = location(entry);
  });
  answer.copies_known = known;
  answer.copies_shown = std::min(known, kCopiesShownMax);
}

}  // namespace obj::directory
