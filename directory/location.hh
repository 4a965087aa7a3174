// SPDX-License-Identifier: Apache-2.0
// directory/location.hh -- what is known of an object, its copies and the nodes that hold them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/object_id.hh"
#include "fabric/source_node.hh"

namespace obj::directory {

using NodeId = uint32_t;
inline constexpr NodeId kNoNode = 0;

using NodeRef = SourceNode;

// A partial copy is being filled: how far is in the holder's own slot (ready_bytes), not here. A
// spilled one is in the holder's storage and not in its memory: it can bring it back.
enum class CopyState : uint8_t { kPartial = 0, kSealed = 1, kSpilled = 2 };
// A primary is what was put; a secondary was pulled from elsewhere and may be evicted first.
enum class CopyRole : uint8_t { kSecondary = 0, kPrimary = 1 };

inline constexpr uint64_t kCopyGenerationMax = (uint64_t{1} << 48) - 1;
// Of a spilled copy, which is in no slot; its generation is the origin of its put.
inline constexpr uint32_t kSpilledSlot = UINT32_MAX;

// The same for all copies that stem from one put.
struct ObjectShape {
  uint64_t data_bytes = 0;
  uint32_t metadata_bytes = 0;
  // Names the put (origin_of()). Who pulls an object reports the origin of the location it read
  // from, so copies with different contents are never taken for one another.
  uint32_t origin = 0;

  friend bool operator==(const ObjectShape&, const ObjectShape&) = default;
};

// One node's copy. The same node, slot and generation always mean the same bytes.
struct Copy {
  uint64_t offset = 0;      // of the data, in the holder's arena
  uint64_t generation = 0;  // of the slot; <= kCopyGenerationMax
  uint32_t slot = 0;
  CopyState state = CopyState::kPartial;
  CopyRole role = CopyRole::kSecondary;

  friend bool operator==(const Copy&, const Copy&) = default;
};

inline Copy spilled_copy(uint32_t origin) {
  return {.offset = 0,
          .generation = origin,
          .slot = kSpilledSlot,
          .state = CopyState::kSpilled,
          .role = CopyRole::kPrimary};
}

struct Location {
  NodeRef node;
  Copy copy;

  friend bool operator==(const Location&, const Location&) = default;
};

// What a node says of its own copy. kRemoved: it holds none any more; slot and generation are those
// of the last one, which the directory need not have heard of, and the rest is zero.
enum class ReportKind : uint8_t { kHeld = 1, kRemoved = 2 };
struct CopyReport {
  ObjectId id;
  ReportKind kind = ReportKind::kHeld;
  ObjectShape shape;
  Copy copy;

  friend bool operator==(const CopyReport&, const CopyReport&) = default;
};

inline CopyReport held(const ObjectId& id, const ObjectShape& shape, const Copy& copy) {
  return {id, ReportKind::kHeld, shape, copy};
}
inline CopyReport removed(const ObjectId& id, uint32_t slot, uint64_t generation) {
  return {id, ReportKind::kRemoved, {}, {.generation = generation, .slot = slot}};
}

// The directory asks the holder to delete this generation of its copy and no other.
struct FreeOrder {
  ObjectId id;
  uint64_t generation = 0;
  uint32_t slot = 0;

  friend bool operator==(const FreeOrder&, const FreeOrder&) = default;
};

struct NodeLoad {
  uint64_t used_bytes = 0;  // of the arena
  uint32_t load = 0;        // the node's own measure; larger is busier

  friend bool operator==(const NodeLoad&, const NodeLoad&) = default;
};

inline constexpr size_t kAddressBytesMax = 255;
inline constexpr size_t kArenaInfoBytesMax = 512;

struct NodeInfo {
  NodeRef node;
  std::string address;                // "host:port" for other nodes: 1..255 printable bytes
  uint64_t arena_bytes = 0;           // no copy lies beyond it
  std::vector<std::byte> arena_info;  // the data plane's (remote keys); not looked at here

  friend bool operator==(const NodeInfo&, const NodeInfo&) = default;
};

// Names a put by its first copy. 32 bits: two puts of the *same* id share it with odds of 2^-32.
inline uint32_t origin_of(const NodeRef& node, uint32_t slot, uint64_t generation) {
  uint64_t mixed = node.incarnation * 0x9e3779b97f4a7c15 + node.node;
  for (const uint64_t part : {uint64_t{slot}, generation}) {
    mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9 + part;
  }
  mixed = (mixed ^ mixed >> 32) * 0x94d049bb133111eb;
  return static_cast<uint32_t>(mixed >> 32);
}

}  // namespace obj::directory
