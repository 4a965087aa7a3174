// SPDX-License-Identifier: Apache-2.0
// node/remote/push_wire.hh -- what one node asks of another, as bytes: to prefetch an object
// (obj_push()), or to bring one back from its storage.
//
// Little-endian, fixed. 40 bytes each way:
//
//   0  magic u32 "OJNP"   4  version u16 (1)   6  type u16: 1 push, 2 pushed, 3 restore
//   8  cookie u64: the asker's, echoed        16  id of the object
//  32  status u16 of a pushed: 0 will be prefetched, 1 refused; else 0    34  reserved, zero
//
// A restore is not answered: the directory tells when the object is in memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/object_id.hh"

namespace obj::push_wire {

inline constexpr size_t kMessageBytes = 40;

struct Message {
  enum class Type : uint16_t { kPush = 1, kPushed = 2, kRestore = 3 };
  Type type = Type::kPush;
  uint64_t cookie = 0;
  ObjectId id;
  bool refused = false;

  friend bool operator==(const Message&, const Message&) = default;
};

std::array<std::byte, kMessageBytes> encode(const Message& message);
// Nothing: not such a message.
std::optional<Message> decode(std::span<const std::byte> bytes);

}  // namespace obj::push_wire
