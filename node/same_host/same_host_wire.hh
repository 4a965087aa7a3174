// SPDX-License-Identifier: Apache-2.0
// node/same_host/same_host_wire.hh -- what two daemons say to find that they share a host, and to
// hand over memory. Byte offsets: docs/same_host.md.
//
// Ask and Answer are messages of Service::kSameHost, little-endian. Knock and Grant are packets on
// the owner's socket, and so in host order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "node/same_host/host_mark.hh"

namespace obj::same_host {

inline constexpr uint32_t kMagic = 0x48534a4f;  // "OJSH" as bytes
inline constexpr uint16_t kVersion = 1;
using Key = std::array<uint8_t, 16>;      // drawn for one connection, good once
using SocketName = std::array<char, 32>;  // in the abstract namespace, all of it significant

struct Ask {
  uint32_t magic = kMagic;
  uint16_t version = kVersion;
  uint16_t reserved = 0;
  HostMark host;
};
static_assert(sizeof(Ask) == 32 && offsetof(Ask, host) == 8);

enum class Verdict : uint16_t { kElsewhere = 0, kHere = 1, kOff = 2 };

struct Answer {
  uint32_t magic = kMagic;
  uint16_t version = kVersion;
  Verdict verdict = Verdict::kElsewhere;
  Key key{};  // zero unless kHere; so is the name
  SocketName socket_name{};
};
static_assert(sizeof(Answer) == 56 && offsetof(Answer, key) == 8);

struct Knock {
  uint32_t magic = kMagic;
  uint32_t reserved = 0;
  Key key{};
};
static_assert(sizeof(Knock) == 24);

// Comes with two descriptors: the control segment and the arena, both read-only.
struct Grant {
  uint32_t magic = kMagic;
  uint32_t reserved = 0;
  uint64_t incarnation = 0;
};
static_assert(sizeof(Grant) == 16);
inline constexpr size_t kGrantFds = 2;

// The bytes as a T. Nothing: another size, magic or version.
template <class T>
std::optional<T> decode(std::span<const std::byte> bytes) {
  T message;
  if (bytes.size() != sizeof message) return std::nullopt;
  std::memcpy(static_cast<void*>(&message), bytes.data(), sizeof message);
  if (message.magic != kMagic) return std::nullopt;
  if constexpr (requires { message.version; }) {
    if (message.version != kVersion) return std::nullopt;
  }
  return message;
}

template <class T>
std::span<const std::byte> bytes_of(const T& message) {
  return std::as_bytes(std::span(&message, 1));
}

}  // namespace obj::same_host
