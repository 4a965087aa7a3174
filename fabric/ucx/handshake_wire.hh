// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/handshake_wire.hh -- frames of the handshake. Layout: "Frames" in docs/ucx.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "fabric/ucx/frame.hh"

namespace obj::ucx {

inline constexpr uint32_t kHandshakeMagic = 0x42464a4f;  // "OJFB"
inline constexpr uint16_t kHandshakeVersion = 1;

using Nonce = std::array<std::byte, 16>;
using Proof = std::array<std::byte, 32>;  // HMAC-SHA256

struct HelloFrame {
  uint32_t magic;
  uint16_t version;
  uint8_t service;
  uint8_t reserved0;
  uint32_t node;
  uint32_t reserved1;
  uint64_t incarnation;
  Nonce nonce;
};
static_assert(sizeof(HelloFrame) == 40 && offsetof(HelloFrame, nonce) == 24);
static_assert(sizeof(FrameHeader) + sizeof(HelloFrame) <= kHelloFrameBytesMax);

// What the listener says of itself: the part of its challenge that proofs cover.
struct ListenerFields {
  uint32_t node;
  uint32_t reserved;
  uint64_t incarnation;
  Nonce nonce;
};
static_assert(sizeof(ListenerFields) == 32);

struct ChallengeFrame {
  ListenerFields listener;
  Proof proof;
};
static_assert(sizeof(ChallengeFrame) == 64 && offsetof(ChallengeFrame, proof) == 32);

enum class RefusalReason : uint8_t { kVersion = 1, kSecret, kService, kMalformed, kFull };

struct RefusalFrame {
  uint32_t magic;
  uint16_t version;
  RefusalReason reason;
  uint8_t reserved;
};
static_assert(sizeof(RefusalFrame) == 8);

// False: not of that size.
template <class Frame>
bool load_frame(std::span<const std::byte> bytes, Frame& frame) {
  static_assert(std::is_trivially_copyable_v<Frame>);
  if (bytes.size() != sizeof(Frame)) return false;
  std::memcpy(&frame, bytes.data(), sizeof(Frame));
  return true;
}

}  // namespace obj::ucx
