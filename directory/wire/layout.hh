// SPDX-License-Identifier: Apache-2.0
// directory/wire/layout.hh -- the fixed structs of the directory's messages, as bytes.
//
// Little-endian; offsets and meaning: docs/directory.md, "Messages". Messages are copied in and out
// of these structs (they may lie anywhere), so a big-endian machine would need a swap in two
// places.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/object_id.hh"

namespace obj::directory::wire {

static_assert(std::endian::native == std::endian::little);

inline constexpr uint32_t kMagic = 0x52444a4f;  // "OJDR" as bytes
inline constexpr uint16_t kVersion = 1;

enum class Type : uint16_t {
  kRegister = 1,
  kHeartbeat = 2,
  kReport = 3,
  kInventoryBegin = 4,
  kInventoryEnd = 5,
  kLookup = 6,
  kSubscribe = 7,
  kUnsubscribe = 8,
  kFree = 9,
  kNodeQuery = 10,
  kNodeList = 11,

  kRegistered = 129,
  kReported = 131,
  kLocated = 134,
  kSubscribed = 135,
  kChanges = 136,
  kFreed = 137,
  kFreeOrders = 138,
  kNodes = 139,
};

struct Header {
  uint32_t magic;
  uint16_t version;
  uint16_t type;
  uint32_t message_bytes;  // header included
  uint32_t count;
  uint64_t sequence;
};
static_assert(sizeof(Header) == 24 && offsetof(Header, sequence) == 16);

struct RegisterBody {
  uint64_t incarnation;
  uint64_t arena_bytes;
  uint32_t node;
  uint16_t address_bytes;
  uint16_t arena_info_bytes;
};
static_assert(sizeof(RegisterBody) == 24 && offsetof(RegisterBody, address_bytes) == 20);

struct HeartbeatBody {
  uint64_t used_bytes;
  uint32_t load;
  uint32_t reserved;
};
static_assert(sizeof(HeartbeatBody) == 16);

struct ReportRecord {
  ObjectId id;
  uint64_t data_bytes;
  uint64_t offset;
  uint64_t generation_and_flags;
  uint32_t metadata_bytes;
  uint32_t origin;
  uint32_t slot;
  uint32_t kind;
};
static_assert(sizeof(ReportRecord) == 56 && offsetof(ReportRecord, generation_and_flags) == 32 &&
              offsetof(ReportRecord, slot) == 48);

struct NodeListBody {
  uint32_t after;
  uint32_t reserved;
};
static_assert(sizeof(NodeListBody) == 8);

struct RegisteredBody {
  uint64_t epoch;
  uint64_t applied_sequence;
  uint32_t lease_ms;
  uint16_t status;
  uint16_t inventory_needed;
};
static_assert(sizeof(RegisteredBody) == 24 && offsetof(RegisteredBody, status) == 20);

struct ReportedBody {
  uint32_t refused;
  uint32_t reserved;
};
static_assert(sizeof(ReportedBody) == 8);

struct CopyRecord {
  uint64_t offset;
  uint64_t generation_and_flags;
  uint64_t incarnation;
  uint32_t node;
  uint32_t slot;
};
static_assert(sizeof(CopyRecord) == 32 && offsetof(CopyRecord, node) == 24);

struct AnswerRecord {
  uint64_t data_bytes;
  uint32_t metadata_bytes;
  uint32_t origin;
  uint32_t copies_known;
  uint16_t status;
  uint16_t copies_shown;
};
static_assert(sizeof(AnswerRecord) == 24 && offsetof(AnswerRecord, status) == 20);

struct ChangeRecord {
  ObjectId id;
  uint64_t data_bytes;
  uint32_t metadata_bytes;
  uint32_t origin;
  CopyRecord copy;
  uint16_t kind;
  uint16_t marks;
  uint32_t reserved;
};
static_assert(sizeof(ChangeRecord) == 72 && offsetof(ChangeRecord, copy) == 32 &&
              offsetof(ChangeRecord, kind) == 64);

struct FreeRecord {
  ObjectId id;
  uint64_t generation;
  uint32_t slot;
  uint32_t reserved;
};
static_assert(sizeof(FreeRecord) == 32 && offsetof(FreeRecord, slot) == 24);

struct NodeRecord {
  uint64_t incarnation;
  uint64_t arena_bytes;
  uint64_t used_bytes;
  uint32_t node;
  uint32_t load;
  uint16_t address_bytes;
  uint16_t arena_info_bytes;
  uint32_t status;
};
static_assert(sizeof(NodeRecord) == 40 && offsetof(NodeRecord, address_bytes) == 32 &&
              offsetof(NodeRecord, status) == 36);

// generation_and_flags: generation in bits 16..63.
inline constexpr uint64_t kFlagSealed = 1;
inline constexpr uint64_t kFlagPrimary = 2;
inline constexpr uint64_t kFlagSpilled = 4;
inline constexpr uint64_t kFlagsKnown = kFlagSealed | kFlagPrimary | kFlagSpilled;
inline constexpr uint64_t kFlagsMask = 0xffff;

inline constexpr uint16_t kMarkFirst = 1;
inline constexpr uint16_t kMarkLast = 2;

}  // namespace obj::directory::wire
