// SPDX-License-Identifier: Apache-2.0
// directory/wire/records.hh -- each record of a message, to and from what it means.
#pragma once

#include <cstdint>

#include "directory/location.hh"
#include "directory/location_answer.hh"
#include "directory/wire/layout.hh"

namespace obj::directory::wire {

// Every valid record has exactly one value and every value exactly one record.
// REQUIRES of all to_wire(): generations <= kCopyGenerationMax.
ReportRecord to_wire(const CopyReport& report);
ChangeRecord to_wire(const LocationChange& change);
FreeRecord to_wire(const FreeOrder& order);
CopyRecord to_wire(const Location& location);
AnswerRecord to_wire(const Answer& answer);  // without its copies
inline const ObjectId& to_wire(const ObjectId& id) { return id; }
inline uint32_t to_wire(uint32_t number) { return number; }

// False: bytes that no sender of this version makes; the value is then unspecified.
[[nodiscard]] bool from_wire(const ReportRecord& record, CopyReport& report);
[[nodiscard]] bool from_wire(const ChangeRecord& record, LocationChange& change);
[[nodiscard]] bool from_wire(const FreeRecord& record, FreeOrder& order);
[[nodiscard]] bool from_wire(const CopyRecord& record, Location& location);
[[nodiscard]] bool from_wire(const AnswerRecord& record, Answer& answer);  // without its copies
[[nodiscard]] inline bool from_wire(const ObjectId& record, ObjectId& id) {
  id = record;
  return true;
}
[[nodiscard]] inline bool from_wire(uint32_t record, uint32_t& number) {
  number = record;
  return true;
}

// The record in which a value travels.
template <class Value>
struct RecordOf;
template <>
struct RecordOf<CopyReport> {
  using Type = ReportRecord;
};
template <>
struct RecordOf<LocationChange> {
  using Type = ChangeRecord;
};
template <>
struct RecordOf<FreeOrder> {
  using Type = FreeRecord;
};
template <>
struct RecordOf<ObjectId> {
  using Type = ObjectId;
};
template <>
struct RecordOf<uint32_t> {
  using Type = uint32_t;
};

}  // namespace obj::directory::wire
