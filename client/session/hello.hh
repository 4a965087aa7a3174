// SPDX-License-Identifier: Apache-2.0
// client/session/hello.hh -- the packets on the session socket (SOCK_SEQPACKET, host byte order).
//
//   client -> daemon   Hello                                        once, first
//   daemon -> client   Welcome, with 5 descriptors if accepted      once; refused: closed after it
//   client -> daemon   StatusQuery                                  any time later, one at a time
//   daemon -> client   StatusReply, with 1 descriptor: a memfd that holds JSON text
//
// The socket stays open for the life of the session: its end is how each side learns of the other's
// death. See docs/session_protocol.md.
#pragma once

#include <cstdint>
#include <type_traits>

namespace obj::session {

inline constexpr uint32_t kHelloMagic = 0x484a424f;   // "OBJH"
inline constexpr uint32_t kStatusMagic = 0x534a424f;  // "OBJS"
inline constexpr uint16_t kProtocolVersion = 1;       // both sides must have the same
inline constexpr uint16_t kHelloReadOnly = 1;         // Hello::flags
inline constexpr uint32_t kNameBytes = 32;

struct Hello {
  uint32_t magic;         // 0
  uint16_t version;       // 4
  uint16_t flags;         // 6
  uint32_t pins_max;      // 8: 0: the daemon's default
  uint32_t requests_max;  // 12: 0: the daemon's default
  char name[kNameBytes];  // 16: for people; NUL-terminated or full
};
static_assert(sizeof(Hello) == 48 && std::is_trivially_copyable_v<Hello>);

enum class WelcomeStatus : uint16_t {
  kAccepted = 0,
  kBadHello = 1,
  kVersion = 2,
  kLimit = 3,
  kSystem = 4,
  kPermission = 5
};

// Descriptors that come with an accepted Welcome, in this order.
enum WelcomeFd : uint32_t {
  kFdControl,
  kFdArena,
  kFdSegment,
  kFdBellToDaemon,
  kFdBellToClient,
  kWelcomeFdCount
};

struct Welcome {
  uint32_t magic;          // 0: kHelloMagic
  uint16_t version;        // 4
  WelcomeStatus status;    // 6
  uint32_t session_id;     // 8
  uint32_t pins_max;       // 12: granted
  uint32_t requests_max;   // 16: granted
  uint32_t page_bytes;     // 20: of the arena: mappings must be aligned to it
  uint64_t control_bytes;  // 24: size of the control segment to map
  uint64_t arena_bytes;    // 32
  uint64_t incarnation;    // 40
  char text[208];          // 48: why it was refused, NUL-terminated
};
static_assert(sizeof(Welcome) == 256 && std::is_trivially_copyable_v<Welcome>);

// What a StatusQuery asks for. Those after the first two are asked of the directory as well.
enum class StatusTopic : uint32_t {
  kStatus = 0,
  kStatusAudit = 1,  // recount the ledger
  kTransfers = 2,    // the pulls that run
  kNodes = 3,        // of the cluster
  kWhere = 4,        // the copies of the object `id`
};
inline constexpr uint32_t kStatusTopicMax = 4;

struct StatusQuery {
  uint32_t magic;     // 0: kStatusMagic
  StatusTopic topic;  // 4
  uint8_t id[16];     // 8: kWhere; else zero
};
static_assert(sizeof(StatusQuery) == 24);

struct StatusReply {
  uint32_t magic;       // 0
  uint32_t error;       // 4: 0, or an errno, and then no descriptor
  uint64_t text_bytes;  // 8: of JSON in the descriptor, without a NUL
};
static_assert(sizeof(StatusReply) == 16);

}  // namespace obj::session
