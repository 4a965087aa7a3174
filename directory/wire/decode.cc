// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "directory/wire/messages.hh"

namespace obj::directory::wire {
namespace {

using Bytes = std::span<const std::byte>;

std::unexpected<Error> invalid(const char* why) {
  return std::unexpected(Error{ErrorCode::kInvalid, 0, why});
}

// The next struct of `rest`, taken off it. False: too short.
template <class T>
bool take(Bytes& rest, T& value) {
  if (rest.size() < sizeof(T)) return false;
  value = load<T>(rest.data());
  rest = rest.subspan(sizeof(T));
  return true;
}

bool is_address(Bytes bytes) {
  return !bytes.empty() && bytes.size() <= kAddressBytesMax &&
         std::ranges::all_of(bytes, [](std::byte byte) {
           return byte > std::byte{0x20} && byte < std::byte{0x7f};
         });
}

// Takes the two texts that follow a node's fixed part.
bool take_texts(Bytes& rest, size_t address_bytes, size_t arena_info_bytes, NodeInfo& info) {
  if (rest.size() < address_bytes || rest.size() - address_bytes < arena_info_bytes) return false;
  const Bytes address = rest.first(address_bytes);
  const Bytes arena_info = rest.subspan(address_bytes, arena_info_bytes);
  rest = rest.subspan(address_bytes + arena_info_bytes);
  info.address.assign(reinterpret_cast<const char*>(address.data()), address.size());
  info.arena_info.assign(arena_info.begin(), arena_info.end());
  return (address.empty() || is_address(address)) && arena_info_bytes <= kArenaInfoBytesMax;
}

template <class Value>
Result<Records<Value>> records(Bytes body, uint32_t count, uint32_t count_max) {
  using Record = typename Records<Value>::Record;
  if (count > count_max) return invalid("too many records");
  if (body.size() != size_t{count} * sizeof(Record)) return invalid("length of records");
  Value value;
  for (size_t at = 0; at < body.size(); at += sizeof(Record)) {
    if (!from_wire(load<Record>(body.data() + at), value)) return invalid("record");
  }
  return Records<Value>(body);
}

template <class List, class Value>
Result<List> list(Bytes body, uint32_t count, uint32_t count_max) {
  if (count > count_max) return invalid("too many records");
  const List whole(body, count);
  List reader = whole;
  Value value;
  while (reader.left() > 0) {
    if (!reader.next(value)) return invalid("record");
  }
  if (!reader.at_end()) return invalid("length of records");
  return whole;
}

Result<Message> decode_register(const Header& header, Bytes body) {
  RegisterBody fixed;
  if (!take(body, fixed) || header.count != 0) return invalid("register");
  Register message;
  message.info.node = {fixed.node, fixed.incarnation};
  message.info.arena_bytes = fixed.arena_bytes;
  if (!take_texts(body, fixed.address_bytes, fixed.arena_info_bytes, message.info) ||
      message.info.address.empty() || !body.empty() || fixed.node == kNoNode) {
    return invalid("register");
  }
  return message;
}

Result<Message> decode_heartbeat(const Header& header, Bytes body) {
  HeartbeatBody fixed;
  if (!take(body, fixed) || !body.empty() || header.count != 0 || fixed.reserved != 0) {
    return invalid("heartbeat");
  }
  return Heartbeat{{fixed.used_bytes, fixed.load}};
}

Result<Message> decode_node_list(const Header& header, Bytes body) {
  NodeListBody fixed;
  if (!take(body, fixed) || !body.empty() || header.count != 0 || fixed.reserved != 0) {
    return invalid("node list");
  }
  return NodeList{header.sequence, fixed.after};
}

Result<Message> decode_registered(const Header& header, Bytes body) {
  RegisteredBody fixed;
  if (!take(body, fixed) || !body.empty() || header.count != 0 || fixed.inventory_needed > 1 ||
      fixed.status > static_cast<uint16_t>(RegisterStatus::kInvalid)) {
    return invalid("registered");
  }
  return Registered{fixed.epoch, fixed.applied_sequence, fixed.lease_ms,
                    static_cast<RegisterStatus>(fixed.status), fixed.inventory_needed == 1};
}

Result<Message> decode_reported(const Header& header, Bytes body) {
  ReportedBody fixed;
  if (!take(body, fixed) || fixed.reserved != 0) return invalid("reported");
  OBJ_TRY(const auto ids, records<ObjectId>(body, header.count, kReportsMax));
  return Reported{header.sequence, fixed.refused, ids};
}

// A message that is nothing but its number.
template <class M>
Result<Message> decode_bare(const Header& header, Bytes body) {
  if (!body.empty() || header.count != 0) return invalid("length");
  return M{header.sequence};
}

template <class M, class Value>
Result<Message> decode_numbered(const Header& header, Bytes body, uint32_t count_max) {
  OBJ_TRY(const auto values, records<Value>(body, header.count, count_max));
  return M{header.sequence, values};
}

template <class M, class Value>
Result<Message> decode_unnumbered(const Header& header, Bytes body) {
  OBJ_TRY(const auto values, records<Value>(body, header.count, kMessageBytesMax));
  return M{values};
}

template <class M, class List, class Value>
Result<Message> decode_list(const Header& header, Bytes body, uint32_t count_max) {
  OBJ_TRY(const auto values, (list<List, Value>(body, header.count, count_max)));
  return M{header.sequence, values};
}

Result<Message> decode_body(const Header& header, Bytes body) {
  switch (static_cast<Type>(header.type)) {
    case Type::kRegister: return decode_register(header, body);
    case Type::kHeartbeat: return decode_heartbeat(header, body);
    case Type::kReport: return decode_numbered<Report, CopyReport>(header, body, kReportsMax);
    case Type::kInventoryBegin: return decode_bare<InventoryBegin>(header, body);
    case Type::kInventoryEnd: return decode_bare<InventoryEnd>(header, body);
    case Type::kLookup: return decode_numbered<Lookup, ObjectId>(header, body, kLookupIdsMax);
    case Type::kSubscribe: return decode_numbered<Subscribe, ObjectId>(header, body, kIdsMax);
    case Type::kUnsubscribe: return decode_numbered<Unsubscribe, ObjectId>(header, body, kIdsMax);
    case Type::kFree: return decode_numbered<Free, ObjectId>(header, body, kIdsMax);
    case Type::kNodeQuery: return decode_numbered<NodeQuery, NodeId>(header, body, kNodesMax);
    case Type::kNodeList: return decode_node_list(header, body);
    case Type::kRegistered: return decode_registered(header, body);
    case Type::kReported: return decode_reported(header, body);
    case Type::kLocated: return decode_list<Located, Answers, Answer>(header, body, kLookupIdsMax);
    case Type::kSubscribed: return decode_bare<Subscribed>(header, body);
    case Type::kChanges: return decode_unnumbered<Changes, LocationChange>(header, body);
    case Type::kFreed: return decode_numbered<Freed, uint32_t>(header, body, kIdsMax);
    case Type::kFreeOrders: return decode_unnumbered<FreeOrders, FreeOrder>(header, body);
    case Type::kNodes: return decode_list<Nodes, NodeAnswers, NodeAnswer>(header, body, kNodesMax);
  }
  return invalid("unknown type");
}

// Whether this type uses the header's sequence; the others must leave it 0.
bool is_numbered(Type type) {
  switch (type) {
    case Type::kRegister:
    case Type::kHeartbeat:
    case Type::kRegistered:
    case Type::kChanges:
    case Type::kFreeOrders: return false;
    default: return true;
  }
}

}  // namespace

bool Answers::next(Answer& answer) {
  AnswerRecord record;
  if (left_ == 0 || !take(rest_, record) || !from_wire(record, answer)) return false;
  for (uint32_t i = 0; i < answer.copies_shown; i++) {
    CopyRecord copy;
    if (!take(rest_, copy) || !from_wire(copy, answer.copies[i])) return false;
  }
  left_--;
  return true;
}

bool NodeAnswers::next(NodeAnswer& answer) {
  NodeRecord fixed;
  if (left_ == 0 || !take(rest_, fixed)) return false;
  left_--;
  if (fixed.status > static_cast<uint32_t>(NodeStatus::kUnknown)) return false;
  answer.status = static_cast<NodeStatus>(fixed.status);
  answer.load = {fixed.used_bytes, fixed.load};
  answer.info.node = {fixed.node, fixed.incarnation};
  answer.info.arena_bytes = fixed.arena_bytes;
  if (!take_texts(rest_, fixed.address_bytes, fixed.arena_info_bytes, answer.info)) return false;
  const NodeAnswer nobody{
      NodeStatus::kUnknown, {.node = {fixed.node, 0}, .address = {}, .arena_info = {}}, {}};
  switch (answer.status) {
    case NodeStatus::kAlive:
    case NodeStatus::kDead: return !answer.info.address.empty() && fixed.node != kNoNode;
    case NodeStatus::kUnknown: return answer == nobody;
  }
  return false;
}

Result<Message> decode(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(Header)) return invalid("shorter than a header");
  if (bytes.size() > kMessageBytesMax) return invalid("longer than any message");
  const auto header = load<Header>(bytes.data());
  if (header.magic != kMagic) return invalid("not a directory message");
  if (header.version != kVersion) {
    return std::unexpected(Error{ErrorCode::kVersion, 0, "version of a directory message"});
  }
  if (header.message_bytes != bytes.size()) return invalid("length");
  if (header.sequence != 0 && !is_numbered(static_cast<Type>(header.type))) {
    return invalid("sequence");
  }
  return decode_body(header, bytes.subspan(sizeof(Header)));
}

}  // namespace obj::directory::wire
