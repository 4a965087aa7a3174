// SPDX-License-Identifier: Apache-2.0
// store/shared/control_header.hh -- the first page of the control segment.
//
// Byte offsets: docs/control_segment.md. The segment is this page, then `bucket_count` 32-bit chain
// heads (slot + 1; 0: empty), then, 64-byte aligned, `slot_count` slots.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace obj {

inline constexpr uint64_t kControlMagic = 0x314c424154424a4f;  // "OJBTABL1" as bytes, little endian
inline constexpr uint32_t kControlVersion = 1;
inline constexpr uint64_t kControlHeaderBytes = 4096;

struct ControlHeader {
  // Written before the segment is shared; constant afterwards.
  uint64_t magic;         // 0
  uint32_t version;       // 8
  uint32_t slot_count;    // 12: a table holds at most this many objects
  uint32_t bucket_count;  // 16: a power of two
  uint32_t reserved;      // 20
  uint64_t heads_offset;  // 24: from the start of the segment
  uint64_t slots_offset;  // 32: from the start of the segment
  uint64_t hash_seed;     // 40: bucket = hash(id, seed) & (bucket_count - 1)
  uint64_t incarnation;   // 48: of the daemon; another after each start
  uint64_t arena_bytes;   // 56

  // The daemon is about to sleep, or sleeps: whoever posts a request must ring its doorbell.
  // seq_cst on both sides: the daemon stores 1, then looks at every ring once more; a client
  // publishes its request, then loads this. One of them sees the other.
  alignas(64) std::atomic<uint32_t> daemon_sleeps;  // 64

  // Somebody waits for pins to go: whoever clears a pin cell must ring its doorbell. Set rarely,
  // with membarrier(2), so that the clients' side needs no fence. See docs/notes/pin_protocol.md.
  alignas(64) std::atomic<uint32_t> releases_wanted;  // 128
};
static_assert(offsetof(ControlHeader, daemon_sleeps) == 64);
static_assert(offsetof(ControlHeader, releases_wanted) == 128);
static_assert(sizeof(ControlHeader) <= kControlHeaderBytes);
static_assert(std::is_standard_layout_v<ControlHeader>);

}  // namespace obj
