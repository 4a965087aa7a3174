// SPDX-License-Identifier: Apache-2.0
// directory/wire/message_writer.hh -- puts one message together, record by record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.hh"
#include "directory/wire/messages.hh"

namespace obj::directory::wire {

// Its memory is reused from message to message.
class MessageWriter {
 public:
  void begin(Type type, uint64_t sequence = 0) {
    header_ = {kMagic, kVersion, static_cast<uint16_t>(type), 0, 0, sequence};
    bytes_.resize(sizeof(Header));
  }

  Type type() const { return static_cast<Type>(header_.type); }
  // No records yet, or not begun.
  bool empty() const { return header_.count == 0; }
  bool fits(size_t bytes) const { return kMessageBytesMax - bytes_.size() >= bytes; }

  // A fixed part, before any record. REQUIRES of all that add: it fits.
  template <class Body>
  void add_body(const Body& body) {
    static_assert(std::has_unique_object_representations_v<Body>, "padding would leak memory");
    add_bytes(std::as_bytes(std::span(&body, 1)));
  }
  template <class Value>
  void add(const Value& value) {
    add_body(to_wire(value));
    header_.count++;
  }
  // An answer with its copies.
  void add(const Answer& answer);
  void add(const NodeAnswer& answer);
  void add_bytes(std::span<const std::byte> bytes) {
    OBJ_CHECK(fits(bytes.size()));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  // The message; valid until begin() or clear().
  std::span<const std::byte> finish() {
    header_.message_bytes = static_cast<uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &header_, sizeof(header_));
    return bytes_;
  }
  // Back to "not begun".
  void clear() {
    header_ = {};
    bytes_.clear();
  }

 private:
  Header header_{};
  std::vector<std::byte> bytes_;
};

// What each record takes at most: whether it still fits can be asked before it is made.
inline constexpr size_t kNodeRecordBytesMax =
    sizeof(NodeRecord) + kAddressBytesMax + kArenaInfoBytesMax;

// ---- messages without records
// ------------------------------------------------------------------------ REQUIRES: the address
// is 1..255 printable bytes without spaces, arena_info at most 512.
std::span<const std::byte> encode_register(MessageWriter& writer, const NodeInfo& info);
std::span<const std::byte> encode_heartbeat(MessageWriter& writer, const NodeLoad& load);
std::span<const std::byte> encode_registered(MessageWriter& writer, const Registered& answer);
std::span<const std::byte> encode_node_list(MessageWriter& writer, uint64_t cookie, NodeId after);
// Any type that is nothing but its number.
std::span<const std::byte> encode_bare(MessageWriter& writer, Type type, uint64_t sequence);

// ---- messages of equal records
// -----------------------------------------------------------------------
template <class Value>
std::span<const std::byte> encode_records(MessageWriter& writer, Type type, uint64_t sequence,
                                          std::span<const Value> values) {
  writer.begin(type, sequence);
  for (const Value& value : values) writer.add(value);
  return writer.finish();
}

// Any message again as bytes, the same that it was decoded from.
std::span<const std::byte> encode(MessageWriter& writer, const Message& message);

}  // namespace obj::directory::wire
