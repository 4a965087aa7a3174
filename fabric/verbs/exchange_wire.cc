// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/exchange_wire.hh"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "base/check.hh"
#include "fabric/message_transport.hh"
#include "fabric/verbs/pieces.hh"

namespace obj::verbs {
namespace {

static_assert(std::endian::native == std::endian::little, "the wire is little-endian");

enum class MessageType : uint8_t { kOffer = 1, kAnswer, kRefusal };

struct HeaderRecord {
  uint16_t version;  // the first two bytes of every version
  MessageType type;
  uint8_t lanes;
  uint8_t memories;       // of an answer
  uint8_t is_version;     // of a refusal
  uint16_t reason_bytes;  // of a refusal
  uint32_t number;
  uint32_t reserved;
};
static_assert(sizeof(HeaderRecord) == 16 && offsetof(HeaderRecord, number) == 8);

struct LaneRecord {
  uint8_t index;
  uint8_t verdict;  // of an answer
  uint8_t memory;   // of an answer
  uint8_t kind;
  uint16_t lid;
  uint8_t reads_max;
  uint8_t reserved;
  uint32_t queue_number;
  uint32_t packet_number;
  uint32_t mtu_bytes;
  uint32_t reserved1;
  uint8_t gid[16];
};
static_assert(sizeof(LaneRecord) == 40 && offsetof(LaneRecord, gid) == 24);

struct TableRecord {
  uint64_t slots_offset;
  uint32_t slot_count;
  uint32_t version;
};
static_assert(sizeof(TableRecord) == 16);

struct MemoryRecord {  // then `keys` times u32
  uint64_t address;
  uint64_t size_bytes;
  uint64_t piece_bytes;
  uint32_t keys;
  uint32_t reserved;
};
static_assert(sizeof(MemoryRecord) == 32);

constexpr uint32_t kNumberMax24 = (1u << 24) - 1;  // queue and packet numbers have 24 bits

static_assert(sizeof(HeaderRecord) + sizeof(TableRecord) + kLanesMax * sizeof(LaneRecord) +
                  2 * kMemoriesMax * (sizeof(MemoryRecord) + kPiecesMax * sizeof(uint32_t)) <=
              MessageTransport::kMessageBytesMax);

template <class Record>
void append(std::vector<std::byte>& out, const Record& record) {
  static_assert(std::is_trivially_copyable_v<Record>);
  const size_t at = out.size();
  out.resize(at + sizeof record);
  std::memcpy(out.data() + at, &record, sizeof record);
}

class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <class Record>
  bool take(Record& record) {
    static_assert(std::is_trivially_copyable_v<Record>);
    if (rest_.size() < sizeof record) return false;
    std::memcpy(&record, rest_.data(), sizeof record);
    rest_ = rest_.subspan(sizeof record);
    return true;
  }
  std::span<const std::byte> rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

LaneRecord record_of(const QueueAddress& address, uint8_t index) {
  LaneRecord record{};
  record.index = index;
  record.kind = static_cast<uint8_t>(address.kind);
  record.lid = address.lid;
  record.reads_max = address.reads_max;
  record.queue_number = address.queue_number;
  record.packet_number = address.packet_number;
  record.mtu_bytes = address.mtu_bytes;
  std::memcpy(record.gid, address.gid.data(), sizeof record.gid);
  return record;
}

bool is_mtu(uint32_t bytes) { return std::has_single_bit(bytes) && bytes >= 256 && bytes <= 4096; }

bool load(const LaneRecord& record, QueueAddress& address) {
  const bool is_valid =
      record.kind >= kGidKindFirst && record.kind <= kGidKindLast && record.reserved == 0 &&
      record.reserved1 == 0 && record.queue_number <= kNumberMax24 &&
      record.packet_number <= kNumberMax24 && is_mtu(record.mtu_bytes) && record.reads_max > 0;
  if (!is_valid) return false;
  address.kind = static_cast<GidKind>(record.kind);
  address.lid = record.lid;
  address.reads_max = record.reads_max;
  address.queue_number = record.queue_number;
  address.packet_number = record.packet_number;
  address.mtu_bytes = record.mtu_bytes;
  std::memcpy(address.gid.data(), record.gid, sizeof record.gid);
  return true;
}

void append_memory(std::vector<std::byte>& out, const MemoryLayout& memory) {
  OBJ_CHECK(memory.keys.size() <= kPiecesMax);
  append(out, MemoryRecord{memory.address, memory.size_bytes, memory.piece_bytes,
                           static_cast<uint32_t>(memory.keys.size()), 0});
  for (const uint32_t key : memory.keys) append(out, key);
}

bool take_memory(Cursor& cursor, MemoryLayout& memory) {
  MemoryRecord record;
  if (!cursor.take(record) || record.reserved != 0) return false;
  const bool is_valid = record.size_bytes > 0 && record.piece_bytes > 0 &&
                        record.address <= UINT64_MAX - record.size_bytes &&
                        record.keys <= kPiecesMax &&
                        record.keys == (record.size_bytes - 1) / record.piece_bytes + 1;
  if (!is_valid) return false;
  memory = {record.address, record.size_bytes, record.piece_bytes, {}};
  memory.keys.resize(record.keys);
  for (uint32_t& key : memory.keys) {
    if (!cursor.take(key)) return false;
  }
  return true;
}

// Each index at most once.
class LaneIndexes {
 public:
  bool add(uint8_t index) {
    if (index >= kLanesMax || (seen_ >> index & 1) != 0) return false;
    seen_ |= 1u << index;
    return true;
  }

 private:
  uint32_t seen_ = 0;
};

std::optional<Offer> take_offer(const HeaderRecord& header, Cursor& cursor) {
  if (header.memories != 0 || header.is_version != 0 || header.reason_bytes != 0) return {};
  Offer offer{.number = header.number, .lanes = std::vector<OfferedLane>(header.lanes)};
  LaneIndexes indexes;
  for (OfferedLane& lane : offer.lanes) {
    LaneRecord record;
    if (!cursor.take(record) || record.verdict != 0 || record.memory != 0) return {};
    lane.index = record.index;
    if (!indexes.add(record.index) || !load(record, lane.reader)) return {};
  }
  return offer;
}

bool take_answered(Cursor& cursor, uint8_t memories, AnsweredLane& lane) {
  LaneRecord record;
  if (!cursor.take(record) || record.verdict > kLaneVerdictLast) return false;
  lane.index = record.index;
  lane.verdict = static_cast<LaneVerdict>(record.verdict);
  if (lane.verdict == LaneVerdict::kConnected) {
    lane.memory = record.memory;
    return record.memory < memories && load(record, lane.owner);
  }
  LaneRecord empty{};
  empty.index = record.index;
  empty.verdict = record.verdict;
  return std::memcmp(&record, &empty, sizeof record) == 0;
}

// Slots are read at these offsets: they must lie in the segment.
bool is_valid(const TableShape& shape, const std::vector<NodeMemory>& memories) {
  if (shape.slots_offset % kSlotBytes != 0 || shape.slot_count == 0) return false;
  return std::ranges::all_of(memories, [&](const NodeMemory& memory) {
    return memory.table.holds(shape.slots_offset, uint64_t{shape.slot_count} * kSlotBytes);
  });
}

std::optional<Answer> take_answer(const HeaderRecord& header, Cursor& cursor) {
  if (header.memories > kMemoriesMax || header.is_version != 0 || header.reason_bytes != 0) {
    return {};
  }
  Answer answer{.number = header.number,
                .table = {},
                .lanes = std::vector<AnsweredLane>(header.lanes),
                .memories = std::vector<NodeMemory>(header.memories)};
  TableRecord table;
  if (!cursor.take(table)) return {};
  answer.table = {table.version, table.slot_count, table.slots_offset};
  LaneIndexes indexes;
  for (AnsweredLane& lane : answer.lanes) {
    if (!take_answered(cursor, header.memories, lane) || !indexes.add(lane.index)) return {};
  }
  for (NodeMemory& memory : answer.memories) {
    if (!take_memory(cursor, memory.arena) || !take_memory(cursor, memory.table)) return {};
  }
  if (!is_valid(answer.table, answer.memories)) return {};
  return answer;
}

bool is_printable(char letter) { return letter >= ' ' && letter <= '~'; }

std::optional<Refusal> take_refusal(const HeaderRecord& header, Cursor& cursor) {
  if (header.lanes != 0 || header.memories != 0 || header.is_version > 1 ||
      header.reason_bytes > kReasonBytesMax || cursor.rest().size() != header.reason_bytes) {
    return {};
  }
  const auto text = cursor.rest();
  Refusal refusal{header.number,
                  header.is_version != 0,
                  {reinterpret_cast<const char*>(text.data()), text.size()}};
  if (!std::ranges::all_of(refusal.reason, is_printable)) return {};
  cursor = Cursor({});
  return refusal;
}

template <class Message>
std::optional<std::variant<ExchangeMessage, OtherVersion>> whole(const std::optional<Message>& got,
                                                                 const Cursor& cursor) {
  if (!got || !cursor.at_end()) return {};
  return ExchangeMessage(*got);
}

}  // namespace

std::vector<std::byte> encode(const Offer& offer) {
  OBJ_CHECK(offer.lanes.size() <= kLanesMax);
  std::vector<std::byte> out;
  append(out, HeaderRecord{kExchangeVersion, MessageType::kOffer,
                           static_cast<uint8_t>(offer.lanes.size()), 0, 0, 0, offer.number, 0});
  for (const OfferedLane& lane : offer.lanes) append(out, record_of(lane.reader, lane.index));
  return out;
}

std::vector<std::byte> encode(const Answer& answer) {
  OBJ_CHECK(answer.lanes.size() <= kLanesMax && answer.memories.size() <= kMemoriesMax);
  std::vector<std::byte> out;
  append(out, HeaderRecord{kExchangeVersion, MessageType::kAnswer,
                           static_cast<uint8_t>(answer.lanes.size()),
                           static_cast<uint8_t>(answer.memories.size()), 0, 0, answer.number, 0});
  append(out,
         TableRecord{answer.table.slots_offset, answer.table.slot_count, answer.table.version});
  for (const AnsweredLane& lane : answer.lanes) {
    LaneRecord record{};
    if (lane.verdict == LaneVerdict::kConnected) record = record_of(lane.owner, lane.index);
    record.index = lane.index;
    record.verdict = static_cast<uint8_t>(lane.verdict);
    record.memory = lane.verdict == LaneVerdict::kConnected ? lane.memory : uint8_t{0};
    append(out, record);
  }
  for (const NodeMemory& memory : answer.memories) {
    append_memory(out, memory.arena);
    append_memory(out, memory.table);
  }
  return out;
}

std::vector<std::byte> encode(const Refusal& refusal) {
  std::string reason = refusal.reason.substr(0, kReasonBytesMax);
  std::ranges::replace_if(reason, [](char letter) { return !is_printable(letter); }, '?');
  std::vector<std::byte> out;
  append(out, HeaderRecord{kExchangeVersion, MessageType::kRefusal, 0, 0,
                           refusal.is_version ? uint8_t{1} : uint8_t{0},
                           static_cast<uint16_t>(reason.size()), refusal.number, 0});
  const size_t at = out.size();
  out.resize(at + reason.size());
  std::memcpy(out.data() + at, reason.data(), reason.size());
  return out;
}

std::optional<std::variant<ExchangeMessage, OtherVersion>> decode_exchange(
    std::span<const std::byte> message) {
  uint16_t version;
  if (message.size() < sizeof version) return {};
  std::memcpy(&version, message.data(), sizeof version);
  if (version != kExchangeVersion) return OtherVersion{version};
  Cursor cursor(message);
  HeaderRecord header;
  if (!cursor.take(header) || header.lanes > kLanesMax || header.reserved != 0) return {};
  switch (header.type) {
    case MessageType::kOffer: {
      const auto offer = take_offer(header, cursor);
      return whole(offer, cursor);
    }
    case MessageType::kAnswer: {
      const auto answer = take_answer(header, cursor);
      return whole(answer, cursor);
    }
    case MessageType::kRefusal: {
      const auto refusal = take_refusal(header, cursor);
      return whole(refusal, cursor);
    }
  }
  return {};
}

}  // namespace obj::verbs
