// SPDX-License-Identifier: Apache-2.0
#include "directory/wire/message_writer.hh"

#include <string_view>

namespace obj::directory::wire {
namespace {

void add_texts(MessageWriter& writer, const NodeInfo& info) {
  writer.add_bytes(std::as_bytes(std::span(info.address)));
  writer.add_bytes(info.arena_info);
}

void check_texts(const NodeInfo& info) {
  OBJ_CHECK(info.address.size() <= kAddressBytesMax);
  OBJ_CHECK(info.arena_info.size() <= kArenaInfoBytesMax);
}

}  // namespace

void MessageWriter::add(const Answer& answer) {
  add_body(to_wire(answer));
  for (const Location& location : answer.shown()) add_body(to_wire(location));
  header_.count++;
}

void MessageWriter::add(const NodeAnswer& answer) {
  check_texts(answer.info);
  add_body(NodeRecord{.incarnation = answer.info.node.incarnation,
                      .arena_bytes = answer.info.arena_bytes,
                      .used_bytes = answer.load.used_bytes,
                      .node = answer.info.node.node,
                      .load = answer.load.load,
                      .address_bytes = static_cast<uint16_t>(answer.info.address.size()),
                      .arena_info_bytes = static_cast<uint16_t>(answer.info.arena_info.size()),
                      .status = static_cast<uint32_t>(answer.status)});
  add_texts(*this, answer.info);
  header_.count++;
}

std::span<const std::byte> encode_register(MessageWriter& writer, const NodeInfo& info) {
  OBJ_CHECK(!info.address.empty() && info.node.node != kNoNode);
  check_texts(info);
  writer.begin(Type::kRegister);
  writer.add_body(RegisterBody{.incarnation = info.node.incarnation,
                               .arena_bytes = info.arena_bytes,
                               .node = info.node.node,
                               .address_bytes = static_cast<uint16_t>(info.address.size()),
                               .arena_info_bytes = static_cast<uint16_t>(info.arena_info.size())});
  add_texts(writer, info);
  return writer.finish();
}

std::span<const std::byte> encode_heartbeat(MessageWriter& writer, const NodeLoad& load) {
  writer.begin(Type::kHeartbeat);
  writer.add_body(HeartbeatBody{load.used_bytes, load.load, 0});
  return writer.finish();
}

std::span<const std::byte> encode_registered(MessageWriter& writer, const Registered& answer) {
  writer.begin(Type::kRegistered);
  writer.add_body(RegisteredBody{.epoch = answer.epoch,
                                 .applied_sequence = answer.applied_sequence,
                                 .lease_ms = answer.lease_ms,
                                 .status = static_cast<uint16_t>(answer.status),
                                 .inventory_needed = answer.inventory_needed});
  return writer.finish();
}

std::span<const std::byte> encode_node_list(MessageWriter& writer, uint64_t cookie, NodeId after) {
  writer.begin(Type::kNodeList, cookie);
  writer.add_body(NodeListBody{after, 0});
  return writer.finish();
}

std::span<const std::byte> encode_bare(MessageWriter& writer, Type type, uint64_t sequence) {
  writer.begin(type, sequence);
  return writer.finish();
}

namespace {

// One overload for each message.
struct Encoder {
  MessageWriter& writer;
  using Bytes = std::span<const std::byte>;

  template <class Value>
  Bytes records(Type type, uint64_t sequence, const Records<Value>& values) {
    writer.begin(type, sequence);
    for (size_t i = 0; i < values.size(); i++) writer.add(values[i]);
    return writer.finish();
  }
  template <class List, class Value>
  Bytes list(Type type, uint64_t cookie, List values, Value value) {
    writer.begin(type, cookie);
    while (values.next(value)) writer.add(value);
    return writer.finish();
  }

  Bytes operator()(const Register& m) { return encode_register(writer, m.info); }
  Bytes operator()(const Heartbeat& m) { return encode_heartbeat(writer, m.load); }
  Bytes operator()(const Report& m) { return records(Type::kReport, m.sequence, m.reports); }
  Bytes operator()(const InventoryBegin& m) {
    return encode_bare(writer, Type::kInventoryBegin, m.sequence);
  }
  Bytes operator()(const InventoryEnd& m) {
    return encode_bare(writer, Type::kInventoryEnd, m.sequence);
  }
  Bytes operator()(const Lookup& m) { return records(Type::kLookup, m.cookie, m.ids); }
  Bytes operator()(const Subscribe& m) { return records(Type::kSubscribe, m.cookie, m.ids); }
  Bytes operator()(const Unsubscribe& m) { return records(Type::kUnsubscribe, m.cookie, m.ids); }
  Bytes operator()(const Free& m) { return records(Type::kFree, m.cookie, m.ids); }
  Bytes operator()(const NodeQuery& m) { return records(Type::kNodeQuery, m.cookie, m.nodes); }
  Bytes operator()(const NodeList& m) { return encode_node_list(writer, m.cookie, m.after); }
  Bytes operator()(const Registered& m) { return encode_registered(writer, m); }
  Bytes operator()(const Reported& m) {
    writer.begin(Type::kReported, m.sequence);
    writer.add_body(ReportedBody{m.refused, 0});
    for (size_t i = 0; i < m.conflicts.size(); i++) writer.add(m.conflicts[i]);
    return writer.finish();
  }
  Bytes operator()(const Located& m) { return list(Type::kLocated, m.cookie, m.answers, Answer{}); }
  Bytes operator()(const Subscribed& m) { return encode_bare(writer, Type::kSubscribed, m.cookie); }
  Bytes operator()(const Changes& m) { return records(Type::kChanges, 0, m.changes); }
  Bytes operator()(const Freed& m) { return records(Type::kFreed, m.cookie, m.holders); }
  Bytes operator()(const FreeOrders& m) { return records(Type::kFreeOrders, 0, m.orders); }
  Bytes operator()(const Nodes& m) { return list(Type::kNodes, m.cookie, m.answers, NodeAnswer{}); }
};

}  // namespace

std::span<const std::byte> encode(MessageWriter& writer, const Message& message) {
  return std::visit(Encoder{writer}, message);
}

}  // namespace obj::directory::wire
