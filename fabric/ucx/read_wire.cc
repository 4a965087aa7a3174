// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/read_wire.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj::ucx {
namespace {

// Takes records off the front of a message.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <class Record>
  bool take(Record& record) {
    static_assert(std::is_trivially_copyable_v<Record>);
    if (rest_.size() < sizeof(record)) return false;
    std::memcpy(&record, rest_.data(), sizeof(record));
    rest_ = rest_.subspan(sizeof(record));
    return true;
  }
  bool take_bytes(size_t count, std::span<const std::byte>& bytes) {
    if (rest_.size() < count) return false;
    bytes = rest_.first(count);
    rest_ = rest_.subspan(count);
    return true;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

bool is_zero(const uint8_t (&reserved)[3]) {
  return std::ranges::all_of(reserved, [](uint8_t byte) { return byte == 0; });
}

// 0: not a message of this type.
uint32_t take_header(Cursor& cursor, ReadMessageType type) {
  ReadMessageHeader header;
  if (!cursor.take(header) || header.type != type || header.reserved != 0) return 0;
  return header.count;
}

bool is_valid(const OrderRecord& order) {
  if (!is_zero(order.reserved)) return false;
  switch (order.kind) {
    case OrderKind::kRead: return order.size_bytes > 0;
    case OrderKind::kCheck:
    case OrderKind::kHurry: return order.size_bytes == 0 && order.object_offset == 0;
  }
  return false;
}

bool take_content(Cursor cursor_of_content, Answer& answer) {
  switch (answer.kind) {
    case AnswerKind::kData:
      return !answer.content.empty() && answer.content.size() <= kInlineReadBytesMax;
    case AnswerKind::kSighting: {
      SightingRecord record;
      if (!cursor_of_content.take(record) || !cursor_of_content.at_end()) return false;
      answer.sighting = {record.id,         record.generation,     record.extent_offset,
                         record.data_bytes, record.metadata_bytes, record.ready_bytes};
      return record.reserved == 0;
    }
    case AnswerKind::kStale:
    case AnswerKind::kRefused:
    case AnswerKind::kCancelled: return answer.content.empty();
  }
  return false;
}

}  // namespace

std::optional<std::vector<OrderRecord>> decode_orders(std::span<const std::byte> message) {
  Cursor cursor(message);
  const uint32_t count = take_header(cursor, ReadMessageType::kOrders);
  if (count == 0 || message.size() != sizeof(ReadMessageHeader) + count * sizeof(OrderRecord)) {
    return {};
  }
  std::vector<OrderRecord> orders(count);
  for (OrderRecord& order : orders) {
    if (!cursor.take(order) || !is_valid(order)) return {};
  }
  return orders;
}

std::optional<std::vector<Answer>> decode_answers(std::span<const std::byte> message) {
  Cursor cursor(message);
  const uint32_t count = take_header(cursor, ReadMessageType::kAnswers);
  if (count == 0 || count > message.size() / sizeof(AnswerRecord)) return {};
  std::vector<Answer> answers(count);
  for (Answer& answer : answers) {
    AnswerRecord record;
    if (!cursor.take(record) || !is_zero(record.reserved) || record.reserved1 != 0) return {};
    answer.number = record.number;
    answer.kind = record.kind;
    if (!cursor.take_bytes(record.content_bytes, answer.content)) return {};
    if (!take_content(Cursor(answer.content), answer)) return {};
  }
  if (!cursor.at_end()) return {};
  return answers;
}

ReadMessageWriter::ReadMessageWriter(ReadMessageType type) : type_(type) {
  bytes_.reserve(MessageTransport::kMessageBytesMax);
  clear();
}

void ReadMessageWriter::clear() {
  count_ = 0;
  bytes_.resize(sizeof(ReadMessageHeader));
}

void ReadMessageWriter::add(const OrderRecord& order) {
  OBJ_CHECK(type_ == ReadMessageType::kOrders && has_room(sizeof(order)));
  append(order);
  count_++;
}

void ReadMessageWriter::add_answer(uint32_t number, AnswerKind kind,
                                   std::span<const std::byte> content) {
  OBJ_CHECK(type_ == ReadMessageType::kAnswers && has_room(bytes_of_answer(content.size())));
  append(AnswerRecord{number, kind, {}, static_cast<uint32_t>(content.size()), 0});
  bytes_.insert(bytes_.end(), content.begin(), content.end());
  count_++;
}

void ReadMessageWriter::add_sighting(uint32_t number, const SlotSighting& sighting) {
  const SightingRecord record{sighting.id,
                              sighting.generation,
                              sighting.offset,
                              sighting.data_bytes,
                              sighting.ready_bytes,
                              sighting.metadata_bytes,
                              0};
  add_answer(number, AnswerKind::kSighting, std::as_bytes(std::span(&record, 1)));
}

std::span<const std::byte> ReadMessageWriter::message() {
  const ReadMessageHeader header{type_, static_cast<uint16_t>(count_), 0};
  std::memcpy(bytes_.data(), &header, sizeof(header));
  return bytes_;
}

}  // namespace obj::ucx
