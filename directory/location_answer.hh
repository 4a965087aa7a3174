// SPDX-License-Identifier: Apache-2.0
// directory/location_answer.hh -- what the directory says: answers to lookups, changes, nodes.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "directory/location.hh"

namespace obj::directory {

// kUnknown: no node holds it. kRetry: not known here, but not every node has told what it holds.
enum class LookupStatus : uint8_t { kFound = 1, kUnknown = 2, kRetry = 3 };

inline constexpr uint32_t kCopiesShownMax = 8;

// All copies shown have the same bytes. Which of many are shown differs from answer to answer.
struct Answer {
  LookupStatus status = LookupStatus::kUnknown;
  ObjectShape shape;          // zero unless found
  uint32_t copies_known = 0;  // 0 unless found
  uint32_t copies_shown = 0;  // min(copies_known, kCopiesShownMax)
  std::array<Location, kCopiesShownMax> copies;

  std::span<const Location> shown() const { return std::span(copies).first(copies_shown); }
};

// kNothing is the snapshot of an id that has no copies.
enum class ChangeKind : uint8_t { kAdded = 1, kChanged = 2, kRemoved = 3, kNothing = 4 };

// One change of what is known of an id. One node has at most one copy of it, so a kAdded or
// kChanged replaces what was known of that node.
struct LocationChange {
  ObjectId id;
  ChangeKind kind = ChangeKind::kNothing;
  bool first = false;  // of a snapshot: forget what was known
  bool last = false;   // of a snapshot: now you know all
  ObjectShape shape;
  Location location;

  friend bool operator==(const LocationChange&, const LocationChange&) = default;
};

enum class NodeStatus : uint8_t { kAlive = 1, kDead = 2, kUnknown = 3 };

struct NodeAnswer {
  NodeStatus status = NodeStatus::kUnknown;
  NodeInfo info;  // kUnknown: only the id
  NodeLoad load;

  friend bool operator==(const NodeAnswer&, const NodeAnswer&) = default;
};

}  // namespace obj::directory
