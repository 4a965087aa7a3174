// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/read_wire.hh -- messages of the reads service. Layout: "Reads" in docs/ucx.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "base/object_id.hh"
#include "fabric/message_transport.hh"
#include "fabric/pull/source.hh"
#include "fabric/ucx/frame.hh"

namespace obj::ucx {

// Larger reads travel as bulk frames, smaller ones inside answers.
inline constexpr size_t kInlineReadBytesMax = 8 * 1024;

enum class OrderKind : uint8_t { kRead = 1, kCheck, kHurry };

// What is asked for. `number` names it in the answer.
struct OrderRecord {
  uint32_t number;
  OrderKind kind;
  uint8_t reserved[3];
  ObjectId id;
  uint32_t slot;
  uint32_t size_bytes;  // > 0 if a read, else 0
  uint64_t generation;
  uint64_t extent_offset;
  uint64_t object_offset;  // 0 unless a read
};
static_assert(sizeof(OrderRecord) == 56 && offsetof(OrderRecord, id) == 8 &&
              offsetof(OrderRecord, generation) == 32 &&
              offsetof(OrderRecord, object_offset) == 48 &&
              std::is_trivially_copyable_v<OrderRecord>);

enum class AnswerKind : uint8_t { kData = 1, kSighting, kStale, kRefused, kCancelled };

struct AnswerRecord {
  uint32_t number;
  AnswerKind kind;
  uint8_t reserved[3];
  uint32_t content_bytes;  // after the record: the data, a SightingRecord, or 0
  uint32_t reserved1;
};
static_assert(sizeof(AnswerRecord) == 16);

struct SightingRecord {
  ObjectId id;
  uint64_t generation;
  uint64_t extent_offset;
  uint64_t data_bytes;
  uint64_t ready_bytes;
  uint32_t metadata_bytes;
  uint32_t reserved;
};
static_assert(sizeof(SightingRecord) == 56 && offsetof(SightingRecord, metadata_bytes) == 48);

enum class ReadMessageType : uint16_t { kOrders = 1, kAnswers };

struct ReadMessageHeader {
  ReadMessageType type;
  uint16_t count;
  uint32_t reserved;
};
static_assert(sizeof(ReadMessageHeader) == 8);

inline constexpr size_t kOrdersMax =
    (MessageTransport::kMessageBytesMax - sizeof(ReadMessageHeader)) / sizeof(OrderRecord);
static_assert(kOrdersMax <= UINT16_MAX);
static_assert(sizeof(ReadMessageHeader) + sizeof(AnswerRecord) + kInlineReadBytesMax <=
              MessageTransport::kMessageBytesMax);

// One answer of a message; `content` lies in the message.
struct Answer {
  uint32_t number = 0;
  AnswerKind kind = AnswerKind::kRefused;
  std::span<const std::byte> content{};
  SlotSighting sighting{};  // if kSighting
};

// Nothing: the message breaks the rules of the page. Decoded whole before any of it is believed.
std::optional<std::vector<OrderRecord>> decode_orders(std::span<const std::byte> message);
std::optional<std::vector<Answer>> decode_answers(std::span<const std::byte> message);

// Collects records into messages of at most kMessageBytesMax.
class ReadMessageWriter {
 public:
  explicit ReadMessageWriter(ReadMessageType type);

  bool empty() const { return count_ == 0; }
  bool has_room(size_t bytes) const {
    return count_ < UINT16_MAX && MessageTransport::kMessageBytesMax - bytes_.size() >= bytes;
  }
  static constexpr size_t bytes_of_answer(size_t content_bytes) {
    return sizeof(AnswerRecord) + content_bytes;
  }

  // REQUIRES: has_room() of what is added.
  void add(const OrderRecord& order);
  void add_answer(uint32_t number, AnswerKind kind, std::span<const std::byte> content = {});
  void add_sighting(uint32_t number, const SlotSighting& sighting);

  // The message; valid until the next add or clear.
  std::span<const std::byte> message();
  void clear();

 private:
  template <class Record>
  void append(const Record& record) {
    const auto* const from = reinterpret_cast<const std::byte*>(&record);
    bytes_.insert(bytes_.end(), from, from + sizeof(record));
  }

  ReadMessageType type_;
  uint32_t count_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace obj::ucx
