// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/frame.hh -- the header of each frame. Layout: "Frames" in docs/ucx.md.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace obj::ucx {

static_assert(std::endian::native == std::endian::little, "the wire is little-endian");

enum class FrameKind : uint8_t {
  kHello = 1,
  kChallenge,
  kProof,
  kWelcome,
  kRefusal,
  kHeartbeat,
  kMessage,
  kBulk,
};

struct FrameHeader {
  uint32_t sequence;
  FrameKind kind;
  uint8_t reserved[3];
};
static_assert(sizeof(FrameHeader) == 8 && std::is_trivially_copyable_v<FrameHeader>);

inline constexpr size_t kHelloFrameBytesMax = 90;  // more, and UCX may lose it while it wires up

// Nothing: not a frame of ours.
inline std::optional<FrameHeader> decode_frame_header(std::span<const std::byte> bytes) {
  FrameHeader header;
  if (bytes.size() != sizeof(header)) return {};
  const auto kind = std::to_integer<uint8_t>(bytes[offsetof(FrameHeader, kind)]);
  if (kind < uint8_t{1} || kind > static_cast<uint8_t>(FrameKind::kBulk)) return {};
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.reserved[0] != 0 || header.reserved[1] != 0 || header.reserved[2] != 0) return {};
  return header;
}

}  // namespace obj::ucx
