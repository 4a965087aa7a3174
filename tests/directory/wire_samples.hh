// SPDX-License-Identifier: Apache-2.0
// tests/directory/wire_samples.hh -- one message of every type, and what is true of any bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/check.hh"
#include "directory/wire/message_writer.hh"
#include "directory/wire/messages.hh"

namespace obj::directory::wire {

using Bytes = std::vector<std::byte>;

inline Bytes copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

inline ObjectId numbered_id(uint64_t number) {
  ObjectId id;
  for (size_t i = 0; i < 8; i++) id.bytes[i] = static_cast<uint8_t>(number >> 8 * i);
  return id;
}

inline Location sample_location(uint32_t node) {
  if (node % 5 == 4) return {{node, uint64_t{node} << 40}, spilled_copy(node * 31)};
  return {{node, uint64_t{node} << 40},
          {.offset = 64 * node,
           .generation = kCopyGenerationMax - node,
           .slot = node + 7,
           .state = node % 2 == 0 ? CopyState::kSealed : CopyState::kPartial,
           .role = node % 3 == 0 ? CopyRole::kPrimary : CopyRole::kSecondary}};
}

inline CopyReport sample_report(uint32_t number) {
  if (number % 3 == 0) return removed(numbered_id(number), number, number * 5);
  return held(numbered_id(number), {number * 100, number, number * 31},
              sample_location(number).copy);
}

inline Answer sample_answer(uint32_t copies) {
  Answer answer;
  if (copies == 0) return answer;
  answer.status = LookupStatus::kFound;
  answer.shape = {copies * 1000, copies, copies * 17};
  answer.copies_known = copies;
  answer.copies_shown = std::min(copies, kCopiesShownMax);
  for (uint32_t i = 0; i < answer.copies_shown; i++) answer.copies[i] = sample_location(i + 1);
  return answer;
}

inline NodeInfo sample_info() {
  return {.node = {7, 99},
          .address = "[fe80::1]:7000",
          .arena_bytes = 1 << 30,
          .arena_info = Bytes(48, std::byte{0xa5})};
}

inline std::vector<LocationChange> sample_changes() {
  return {{.id = numbered_id(1),
           .kind = ChangeKind::kAdded,
           .first = true,
           .shape = {1, 2, 3},
           .location = sample_location(4)},
          {.id = numbered_id(1),
           .kind = ChangeKind::kAdded,
           .last = true,
           .shape = {1, 2, 3},
           .location = sample_location(5)},
          {.id = numbered_id(2),
           .kind = ChangeKind::kChanged,
           .shape = {1, 2, 3},
           .location = sample_location(6)},
          {.id = numbered_id(3),
           .kind = ChangeKind::kRemoved,
           .shape = {},
           .location = sample_location(1)},
          {.id = numbered_id(4), .first = true, .last = true, .shape = {}, .location = {}}};
}

inline std::vector<Bytes> sample_messages() {
  MessageWriter writer;
  std::vector<Bytes> samples;
  const auto keep = [&](std::span<const std::byte> bytes) { samples.push_back(copy(bytes)); };
  const std::vector<ObjectId> ids{numbered_id(1), numbered_id(2), numbered_id(3)};

  keep(encode_register(writer, sample_info()));
  keep(encode_heartbeat(writer, {123, 45}));
  std::vector<CopyReport> reports;
  for (uint32_t i = 1; i <= 64; i++) reports.push_back(sample_report(i));
  keep(encode_records<CopyReport>(writer, Type::kReport, 17, reports));
  keep(encode_bare(writer, Type::kInventoryBegin, 18));
  keep(encode_bare(writer, Type::kInventoryEnd, 19));
  for (const Type type : {Type::kLookup, Type::kSubscribe, Type::kUnsubscribe, Type::kFree}) {
    keep(encode_records<ObjectId>(writer, type, 20, ids));
  }
  const std::vector<uint32_t> numbers{1, 2, 0xffffffff};
  keep(encode_records<uint32_t>(writer, Type::kNodeQuery, 21, numbers));
  keep(encode_node_list(writer, 22, 5));

  keep(encode_registered(writer, {.epoch = 1ull << 63,
                                  .applied_sequence = 16,
                                  .lease_ms = 1000,
                                  .status = RegisterStatus::kOldIncarnation,
                                  .inventory_needed = true}));
  writer.begin(Type::kReported, 17);
  writer.add_body(ReportedBody{3, 0});
  writer.add(ids[0]);
  keep(writer.finish());
  writer.begin(Type::kLocated, 20);
  for (const uint32_t copies : {1u, 0u, 8u, 1000u}) writer.add(sample_answer(copies));
  keep(writer.finish());
  keep(encode_bare(writer, Type::kSubscribed, 20));
  keep(encode_records<LocationChange>(writer, Type::kChanges, 0, sample_changes()));
  keep(encode_records<uint32_t>(writer, Type::kFreed, 20, numbers));
  const std::vector<FreeOrder> orders{{ids[0], kCopyGenerationMax, 3}, {ids[1], 0, 0}};
  keep(encode_records<FreeOrder>(writer, Type::kFreeOrders, 0, orders));
  writer.begin(Type::kNodes, 21);
  writer.add(NodeAnswer{NodeStatus::kAlive, sample_info(), {1, 2}});
  NodeAnswer nobody;
  nobody.info.node.node = 12;
  writer.add(nobody);
  keep(writer.finish());
  return samples;
}

// For tests and fuzzers: decodes whatever it is given, looks at all of it, and checks that what was
// accepted is what our encoder makes. Whether it was accepted.
inline bool decode_any(std::span<const std::byte> bytes) {
  // In a block of its own size, so that a sanitizer sees any step beyond its end.
  const Bytes exact = copy(bytes);
  const auto message = decode(exact);
  if (!message) return false;
  MessageWriter writer;
  OBJ_CHECK(std::ranges::equal(encode(writer, *message), bytes));
  return true;
}

}  // namespace obj::directory::wire
