// SPDX-License-Identifier: Apache-2.0
#include "directory/wire/records.hh"

#include "base/check.hh"

namespace obj::directory::wire {
namespace {

uint64_t pack(const Copy& copy) {
  OBJ_CHECK(copy.generation <= kCopyGenerationMax);
  return copy.generation << 16 | (copy.state == CopyState::kSealed ? kFlagSealed : 0) |
         (copy.state == CopyState::kSpilled ? kFlagSpilled : 0) |
         (copy.role == CopyRole::kPrimary ? kFlagPrimary : 0);
}

// REQUIRES: the copy's other fields are filled in.
bool unpack(uint64_t generation_and_flags, Copy& copy) {
  copy.generation = generation_and_flags >> 16;
  copy.state = generation_and_flags & kFlagSealed    ? CopyState::kSealed
               : generation_and_flags & kFlagSpilled ? CopyState::kSpilled
                                                     : CopyState::kPartial;
  copy.role = generation_and_flags & kFlagPrimary ? CopyRole::kPrimary : CopyRole::kSecondary;
  if ((generation_and_flags & kFlagsMask & ~kFlagsKnown) != 0) return false;
  if ((generation_and_flags & kFlagSpilled) == 0) return true;
  return copy == spilled_copy(static_cast<uint32_t>(copy.generation));
}

}  // namespace

ReportRecord to_wire(const CopyReport& report) {
  return {.id = report.id,
          .data_bytes = report.shape.data_bytes,
          .offset = report.copy.offset,
          .generation_and_flags = pack(report.copy),
          .metadata_bytes = report.shape.metadata_bytes,
          .origin = report.shape.origin,
          .slot = report.copy.slot,
          .kind = static_cast<uint32_t>(report.kind)};
}

bool from_wire(const ReportRecord& record, CopyReport& report) {
  report.id = record.id;
  report.kind = static_cast<ReportKind>(record.kind);
  report.shape = {record.data_bytes, record.metadata_bytes, record.origin};
  report.copy.offset = record.offset;
  report.copy.slot = record.slot;
  if (!unpack(record.generation_and_flags, report.copy)) return false;
  if (record.kind == static_cast<uint32_t>(ReportKind::kHeld)) return true;
  return record.kind == static_cast<uint32_t>(ReportKind::kRemoved) &&
         report == removed(report.id, report.copy.slot, report.copy.generation);
}

CopyRecord to_wire(const Location& location) {
  return {.offset = location.copy.offset,
          .generation_and_flags = pack(location.copy),
          .incarnation = location.node.incarnation,
          .node = location.node.node,
          .slot = location.copy.slot};
}

bool from_wire(const CopyRecord& record, Location& location) {
  location.node = {record.node, record.incarnation};
  location.copy.offset = record.offset;
  location.copy.slot = record.slot;
  return unpack(record.generation_and_flags, location.copy) && record.node != kNoNode;
}

AnswerRecord to_wire(const Answer& answer) {
  return {.data_bytes = answer.shape.data_bytes,
          .metadata_bytes = answer.shape.metadata_bytes,
          .origin = answer.shape.origin,
          .copies_known = answer.copies_known,
          .status = static_cast<uint16_t>(answer.status),
          .copies_shown = static_cast<uint16_t>(answer.copies_shown)};
}

bool from_wire(const AnswerRecord& record, Answer& answer) {
  answer.shape = {record.data_bytes, record.metadata_bytes, record.origin};
  answer.copies_known = record.copies_known;
  answer.copies_shown = record.copies_shown;
  answer.status = static_cast<LookupStatus>(record.status);
  if (record.status > static_cast<uint16_t>(LookupStatus::kRetry)) return false;
  const bool shows_all_it_may =
      record.copies_shown == record.copies_known ||
      (record.copies_shown == kCopiesShownMax && record.copies_known > kCopiesShownMax);
  if (answer.status == LookupStatus::kFound) {
    return shows_all_it_may && record.copies_shown > 0 && record.copies_shown <= kCopiesShownMax;
  }
  return (answer.status == LookupStatus::kUnknown || answer.status == LookupStatus::kRetry) &&
         record.copies_known == 0 && record.copies_shown == 0 && answer.shape == ObjectShape{};
}

ChangeRecord to_wire(const LocationChange& change) {
  return {.id = change.id,
          .data_bytes = change.shape.data_bytes,
          .metadata_bytes = change.shape.metadata_bytes,
          .origin = change.shape.origin,
          .copy = to_wire(change.location),
          .kind = static_cast<uint16_t>(change.kind),
          .marks = static_cast<uint16_t>((change.first ? kMarkFirst : 0) |
                                         (change.last ? kMarkLast : 0)),
          .reserved = 0};
}

bool from_wire(const ChangeRecord& record, LocationChange& change) {
  if (record.kind > static_cast<uint16_t>(ChangeKind::kNothing)) return false;
  change.id = record.id;
  change.kind = static_cast<ChangeKind>(record.kind);
  change.first = (record.marks & kMarkFirst) != 0;
  change.last = (record.marks & kMarkLast) != 0;
  change.shape = {record.data_bytes, record.metadata_bytes, record.origin};
  const bool has_node = from_wire(record.copy, change.location);
  if (record.reserved != 0 || (record.marks & ~(kMarkFirst | kMarkLast)) != 0) return false;
  switch (change.kind) {
    case ChangeKind::kAdded: return has_node;
    case ChangeKind::kChanged:
    case ChangeKind::kRemoved: return has_node && record.marks == 0;
    case ChangeKind::kNothing:
      return change ==
                 LocationChange{
                     .id = change.id, .first = true, .last = true, .shape = {}, .location = {}} &&
             (record.copy.generation_and_flags & kFlagsMask) == 0;
  }
  return false;
}

FreeRecord to_wire(const FreeOrder& order) {
  OBJ_CHECK(order.generation <= kCopyGenerationMax);
  return {.id = order.id, .generation = order.generation, .slot = order.slot, .reserved = 0};
}

bool from_wire(const FreeRecord& record, FreeOrder& order) {
  order = {record.id, record.generation, record.slot};
  return record.generation <= kCopyGenerationMax && record.reserved == 0;
}

}  // namespace obj::directory::wire
