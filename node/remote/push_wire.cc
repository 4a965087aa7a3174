// SPDX-License-Identifier: Apache-2.0
#include "node/remote/push_wire.hh"

#include <bit>
#include <cstring>
#include <type_traits>

namespace obj::push_wire {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint32_t kMagic = 0x504e4a4f;  // "OJNP" as bytes
constexpr uint16_t kVersion = 1;

struct Layout {
  uint32_t magic;
  uint16_t version;
  uint16_t type;
  uint64_t cookie;
  uint8_t id[16];
  uint16_t status;
  uint8_t reserved[6];
};
static_assert(sizeof(Layout) == kMessageBytes && offsetof(Layout, status) == 32);
static_assert(std::is_trivially_copyable_v<Layout>);

}  // namespace

std::array<std::byte, kMessageBytes> encode(const Message& message) {
  Layout layout{};
  layout.magic = kMagic;
  layout.version = kVersion;
  layout.type = static_cast<uint16_t>(message.type);
  layout.cookie = message.cookie;
  std::memcpy(layout.id, message.id.bytes.data(), sizeof layout.id);
  layout.status = message.refused ? 1 : 0;
  return std::bit_cast<std::array<std::byte, kMessageBytes>>(layout);
}

std::optional<Message> decode(std::span<const std::byte> bytes) {
  if (bytes.size() != kMessageBytes) return std::nullopt;
  Layout layout;
  std::memcpy(&layout, bytes.data(), sizeof layout);
  if (layout.magic != kMagic || layout.version != kVersion) return std::nullopt;
  if (layout.type < static_cast<uint16_t>(Message::Type::kPush) ||
      layout.type > static_cast<uint16_t>(Message::Type::kRestore)) {
    return std::nullopt;
  }
  const bool is_pushed = layout.type == static_cast<uint16_t>(Message::Type::kPushed);
  if (layout.status > (is_pushed ? 1 : 0)) return std::nullopt;
  for (const uint8_t byte : layout.reserved) {
    if (byte != 0) return std::nullopt;
  }
  Message message;
  message.type = static_cast<Message::Type>(layout.type);
  message.cookie = layout.cookie;
  std::memcpy(message.id.bytes.data(), layout.id, sizeof layout.id);
  message.refused = layout.status == 1;
  return message;
}

}  // namespace obj::push_wire
