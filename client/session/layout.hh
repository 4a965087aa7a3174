// SPDX-License-Identifier: Apache-2.0
// client/session/layout.hh -- the session segment that one client and the daemon share.
//
// Byte offsets, the life of a session and who may write what: docs/session_protocol.md. The daemon
// makes the segment, sized by what the client asked for, and treats all of its content as hostile.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/spsc_ring.hh"
#include "store/shared/pin_cell.hh"

namespace obj::session {

inline constexpr uint32_t kPinsDefault = 16384;
inline constexpr uint32_t kPinsMax = 1u << 20;
inline constexpr uint32_t kRequestsDefault = 4096;
inline constexpr uint32_t kRequestsMax = 65536;
inline constexpr uint32_t kRequestsMin = 16;
inline constexpr uint32_t kStagingBlocksMax = 256;
inline constexpr uint32_t kStagingBlockBytes = 4096;
inline constexpr uint32_t kTouchLanes = 16;
inline constexpr uint32_t kTouchesPerLane = 256;
inline constexpr uint32_t kDetailSlots = 16;
inline constexpr uint32_t kDetailBytes = 1024;
inline constexpr uint32_t kOwnerBytesMax = 31;

enum class RequestOp : uint16_t {
  kCreate = 1,     // answered when there is room: where to fill in
  kPutInline = 2,  // the bytes are in a staging block; answered when sealed, or kNoRoom at once
  kSeal = 3,
  kAbort = 4,
  kGet = 5,     // answered when sealed here, with the pin cell already set by the daemon
  kWait = 6,    // like kGet, without a pin
  kDelete = 7,  //
  kPin = 8,     // by owner name
  kUnpin = 9,
  kStat = 10,
  kCancel = 11,    // has no completion of its own; the operation named by `target_tag` gets one
  kPrefetch = 12,  // answered at once; the object comes, if it is anywhere, until the timeout
  kPush = 13,      // another node is to prefetch it; answered when that node was asked
  kSpill = 14,     // answered when the object is durable in this node's storage
  kRestore = 15,   // like kWait, but the object must be in memory, and not only in storage
};

// Request.flags, kGet and kPrefetch only: the session's next request belongs to the same call.
inline constexpr uint16_t kMore = 1;

// Client to daemon, 64 bytes. Fields that an operation does not use are zero.
struct Request {
  struct Create {
    uint64_t data_bytes;      // 24
    uint32_t metadata_bytes;  // 32
    int32_t timeout_ms;       // 36: < 0: for ever
    uint32_t staging_block;   // 40: kPutInline: data, then metadata at metadata_offset()
  };
  struct Object {
    uint64_t generation;  // 24
    uint32_t slot;        // 32
  };
  struct Get {
    int32_t timeout_ms;  // 24
    uint32_t pin_cell;   // 28: kGet: a cell that the client holds and that is 0
  };
  struct Push {
    uint32_t node;  // 24: not 0
  };
  struct Cancel {
    uint32_t target_tag;  // 24
  };

  RequestOp op;     // 0
  uint16_t flags;   // 2: kMore or zero
  uint32_t tag;     // 4: < requests_max, not in use by another operation; echoed in the completion
  uint8_t id[16];   // 8
  union {           // 24
    Create create;  // kCreate, kPutInline
    Object object;  // kSeal, kAbort
    Get get;        // kGet, kWait, kPrefetch, kRestore
    Push push;      // kPush
    Cancel cancel;
    char owner[kOwnerBytesMax + 1];  // kPin, kUnpin; NUL-terminated, 1..31 bytes
    uint8_t bytes[40];
  };
};
static_assert(sizeof(Request) == 64 && std::is_trivially_copyable_v<Request>);
static_assert(offsetof(Request, id) == 8 && offsetof(Request, create) == 24);

enum class Outcome : uint16_t {
  kOk = 0,
  kNotFound = 1,
  kTimeout = 2,
  kOutOfMemory = 3,
  kExists = 4,
  kTooLarge = 5,
  kNotOwner = 6,
  kReadOnly = 7,
  kCancelled = 8,
  kNoRoom = 9,  // kPutInline only: no room just now; create instead, which waits
  kLimit = 10,
  kUnavailable = 11,  // other nodes or storage are needed and cannot be reached, or failed
  kDamaged = 12,      // it was spilled, and its record is damaged or gone
};

// Completion.state of an object that is in storage and not in memory: no SlotState has it.
inline constexpr uint16_t kStateSpilled = 4;

// Daemon to client, 64 bytes. Fields that an answer does not use are zero.
struct Completion {
  uint32_t tag;             // 0
  Outcome outcome;          // 4
  uint16_t state;           // 6: kStat: SlotState, or kStateSpilled
  uint64_t generation;      // 8
  uint64_t offset;          // 16: of the data in the arena
  uint64_t data_bytes;      // 24
  uint32_t metadata_bytes;  // 32
  uint32_t slot;            // 36
  uint32_t detail;          // 40: 0, or the number of a text in the detail slots
  uint32_t owner_pins;      // 44: kStat
  uint32_t views;           // 48: kStat: pin cells that name it, in all sessions
  int32_t creator_pid;      // 52: kStat
  uint64_t reserved;        // 56
};
static_assert(sizeof(Completion) == 64 && std::is_trivially_copyable_v<Completion>);

// Slots that one group of threads used, for the daemon's choice of victims. Lossy: an entry may be
// overwritten or torn between threads of the client without harm. Zero means empty.
struct TouchLane {
  alignas(64) std::atomic<uint32_t> written;           // 0: touches ever logged
  uint32_t reserved[15];                               // 4
  std::atomic<uint32_t> slot_plus_1[kTouchesPerLane];  // 64
};
static_assert(sizeof(TouchLane) == 64 + 4 * kTouchesPerLane);

// Why an operation failed, as a sentence. Text `n` (from 1, never 0) lies in slot n % kDetailSlots
// until text n + kDetailSlots replaces it; `number` tells whether it still is the one meant.
struct DetailSlot {
  std::atomic<uint32_t> number;  // 0
  char text[kDetailBytes - 4];   // 4: NUL-terminated
};
static_assert(sizeof(DetailSlot) == kDetailBytes);

// The first page of the segment.
struct SegmentHeader {
  RingPositions requests;     // 0: client produces
  RingPositions completions;  // 128: daemon produces
  // Stored 1 (seq_cst) by a client that is about to sleep, which then looks at the completions once
  // more; the daemon publishes completions, then loads it (seq_cst) and rings.
  alignas(64) std::atomic<uint32_t> client_sleeps;  // 256
  // Cells at and above this index were never used: the daemon scans only below. Raised (seq_cst)
  // before the first use of a cell, never lowered.
  alignas(64) std::atomic<uint32_t> pin_cells_used;  // 320
};
static_assert(sizeof(SegmentHeader) == 384 && std::is_standard_layout_v<SegmentHeader>);

// Where the parts lie. A pure function of the two numbers in the welcome message, so neither side
// reads an offset from shared memory. All parts start on a 4096-byte boundary.
struct Layout {
  uint32_t requests_max;    // a power of two, kRequestsMin..kRequestsMax
  uint32_t pins_max;        // 1..kPinsMax
  uint32_t request_slots;   // 2 * requests_max: each operation may also be cancelled once
  uint32_t staging_blocks;  // min(requests_max, kStagingBlocksMax)
  uint64_t requests_offset, completions_offset, staging_offset, touches_offset, details_offset,
      pins_offset, segment_bytes;

  // REQUIRES: both in range.
  static constexpr Layout of(uint32_t requests_max, uint32_t pins_max) {
    Layout layout{};
    layout.requests_max = requests_max;
    layout.pins_max = pins_max;
    layout.request_slots = 2 * requests_max;
    layout.staging_blocks = requests_max < kStagingBlocksMax ? requests_max : kStagingBlocksMax;
    uint64_t end = 4096;  // after the header's page
    const auto take = [&end](uint64_t bytes) {
      const uint64_t start = end;
      end += (bytes + 4095) & ~uint64_t{4095};
      return start;
    };
    layout.requests_offset = take(uint64_t{layout.request_slots} * sizeof(Request));
    layout.completions_offset = take(uint64_t{requests_max} * sizeof(Completion));
    layout.staging_offset = take(uint64_t{layout.staging_blocks} * kStagingBlockBytes);
    layout.touches_offset = take(kTouchLanes * sizeof(TouchLane));
    layout.details_offset = take(kDetailSlots * sizeof(DetailSlot));
    layout.pins_offset = take(uint64_t{pins_max} * sizeof(PinCell));
    layout.segment_bytes = end;
    return layout;
  }
};

}  // namespace obj::session
