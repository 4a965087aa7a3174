// SPDX-License-Identifier: Apache-2.0
// The wire format: what is encoded decodes to the same, and nothing else is accepted. Every sample
// is cut, extended and damaged at each of its bytes; decode_any() checks that an accepted message
// is exactly what the encoder makes of it.
#include <gtest/gtest.h>

#include "directory/wire/messages.hh"
#include "tests/directory/wire_samples.hh"
#include "tests/seed.hh"

namespace obj::directory::wire {
namespace {

// The first sample of a type.
Bytes sample(Type type) {
  for (const Bytes& bytes : sample_messages()) {
    if (load<Header>(bytes.data()).type == static_cast<uint16_t>(type)) return bytes;
  }
  return {};
}

template <class T>
void put(Bytes& bytes, size_t offset, const T& value) {
  ASSERT_LE(offset + sizeof(value), bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

ErrorCode refusal(const Bytes& bytes) {
  const auto message = decode(bytes);
  return message ? ErrorCode::kExists : message.error().code;
}

TEST(Wire, has_a_sample_of_every_message_and_accepts_it) {
  std::vector<size_t> seen;
  for (const Bytes& bytes : sample_messages()) {
    const auto message = decode(bytes);
    ASSERT_TRUE(message) << message.error().where;
    seen.push_back(message->index());
    EXPECT_TRUE(decode_any(bytes));
  }
  std::ranges::sort(seen);
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(seen.size(), std::variant_size_v<Message>);
}

TEST(Wire, node_info_comes_back) {
  const Bytes bytes = sample(Type::kRegister);
  EXPECT_EQ(std::get<Register>(*decode(bytes)).info, sample_info());
}

TEST(Wire, reports_come_back_with_number_and_order) {
  const Bytes bytes = sample(Type::kReport);
  const auto report = std::get<Report>(*decode(bytes));
  EXPECT_EQ(report.sequence, 17u);
  ASSERT_EQ(report.reports.size(), 64u);
  for (uint32_t i = 0; i < 64; i++) EXPECT_EQ(report.reports[i], sample_report(i + 1));
}

TEST(Wire, answers_come_back_with_their_copies) {
  const Bytes bytes = sample(Type::kLocated);
  auto answers = std::get<Located>(*decode(bytes)).answers;
  for (const uint32_t copies : {1u, 0u, 8u, 1000u}) {
    const Answer expected = sample_answer(copies);
    Answer answer;
    ASSERT_TRUE(answers.next(answer));
    EXPECT_EQ(answer.status, expected.status);
    EXPECT_EQ(answer.shape, expected.shape);
    EXPECT_EQ(answer.copies_known, copies);
    EXPECT_TRUE(std::ranges::equal(answer.shown(), expected.shown()));
  }
  EXPECT_EQ(answers.left(), 0u);
}

TEST(Wire, changes_come_back) {
  const Bytes bytes = sample(Type::kChanges);
  const auto changes = std::get<Changes>(*decode(bytes)).changes;
  const auto expected = sample_changes();
  ASSERT_EQ(changes.size(), expected.size());
  for (size_t i = 0; i < expected.size(); i++) EXPECT_EQ(changes[i], expected[i]);
}

TEST(Wire, nodes_come_back) {
  const Bytes bytes = sample(Type::kNodes);
  auto answers = std::get<Nodes>(*decode(bytes)).answers;
  NodeAnswer answer;
  ASSERT_TRUE(answers.next(answer));
  EXPECT_EQ(answer, (NodeAnswer{NodeStatus::kAlive, sample_info(), {1, 2}}));
  ASSERT_TRUE(answers.next(answer));
  EXPECT_EQ(answer.status, NodeStatus::kUnknown);
  EXPECT_EQ(answer.info.node.node, 12u);
}

// The offsets of docs/directory.md, not those of whatever the structs are.
TEST(Wire, bytes_lie_where_the_document_says) {
  const Bytes bytes = sample(Type::kReport);
  const auto at = [&](size_t offset) { return std::to_integer<unsigned>(bytes[offset]); };
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), 4), "OJDR");
  EXPECT_EQ(at(4), 1u);  // version
  EXPECT_EQ(at(6), 3u);  // report
  EXPECT_EQ(at(8) + 256 * at(9), 24u + 64 * 56);
  EXPECT_EQ(at(12), 64u);         // count
  EXPECT_EQ(at(16), 17u);         // sequence
  EXPECT_EQ(at(24), 1u);          // id
  EXPECT_EQ(at(24 + 16), 100u);   // data bytes
  EXPECT_EQ(at(24 + 24), 64u);    // offset
  EXPECT_EQ(at(24 + 32), 0u);     // flags: partial, secondary
  EXPECT_EQ(at(24 + 34), 0xfeu);  // generation: 2^48 - 2
  EXPECT_EQ(at(24 + 40), 1u);     // metadata bytes
  EXPECT_EQ(at(24 + 44), 31u);    // origin
  EXPECT_EQ(at(24 + 48), 8u);     // slot
  EXPECT_EQ(at(24 + 52), 1u);     // held
}

TEST(Wire, refuses_every_message_that_is_cut_short) {
  for (const Bytes& whole : sample_messages()) {
    for (size_t size = 0; size < whole.size(); size++) {
      Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_FALSE(decode_any(cut));
      // Also with a header that claims that this is all.
      if (size < sizeof(Header)) continue;
      put(cut, 8, static_cast<uint32_t>(size));
      EXPECT_FALSE(decode_any(cut))
          << "type " << load<Header>(whole.data()).type << " cut to " << size;
    }
  }
}

TEST(Wire, refuses_trailing_bytes) {
  for (Bytes bytes : sample_messages()) {
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(decode_any(bytes));
    put(bytes, 8, static_cast<uint32_t>(bytes.size()));
    EXPECT_FALSE(decode_any(bytes)) << "type " << load<Header>(bytes.data()).type;
  }
}

TEST(Wire, refuses_counts_that_do_not_fit) {
  for (const Bytes& bytes : sample_messages()) {
    const uint32_t count = load<Header>(bytes.data()).count;
    for (const uint32_t wrong : {count + 1, count - 1, 0x80000000u + count, UINT32_MAX, 65537u}) {
      Bytes changed = bytes;
      put(changed, 12, wrong);
      EXPECT_FALSE(decode_any(changed)) << "type " << load<Header>(bytes.data()).type;
    }
  }
}

TEST(Wire, refuses_more_records_than_the_limits) {
  MessageWriter writer;
  const std::vector<ObjectId> ids(kIdsMax + 1);
  EXPECT_TRUE(decode_any(
      encode_records<ObjectId>(writer, Type::kSubscribe, 1, std::span(ids).first(kIdsMax))));
  EXPECT_FALSE(decode_any(encode_records<ObjectId>(writer, Type::kSubscribe, 1, ids)));
  const auto lookups = std::span(ids).first(kLookupIdsMax + 1);
  EXPECT_FALSE(decode_any(encode_records<ObjectId>(writer, Type::kLookup, 1, lookups)));
  EXPECT_TRUE(
      decode_any(encode_records<ObjectId>(writer, Type::kLookup, 1, lookups.first(kLookupIdsMax))));
}

TEST(Wire, tells_another_version_from_garbage) {
  Bytes bytes = sample(Type::kHeartbeat);
  put(bytes, 4, uint16_t{2});
  EXPECT_EQ(refusal(bytes), ErrorCode::kVersion);
  bytes = sample(Type::kHeartbeat);
  put(bytes, 0, uint32_t{0});
  EXPECT_EQ(refusal(bytes), ErrorCode::kInvalid);
}

TEST(Wire, refuses_unknown_types) {
  for (uint32_t type = 0; type <= UINT16_MAX; type++) {
    const bool known =
        (type >= 1 && type <= 11) || type == 129 || type == 131 || (type >= 134 && type <= 139);
    Bytes bytes = sample(Type::kInventoryBegin);
    put(bytes, 6, static_cast<uint16_t>(type));
    if (known) continue;
    EXPECT_EQ(refusal(bytes), ErrorCode::kInvalid) << type;
  }
}

// {message, offset, a value of 16 bits that cannot be there}
TEST(Wire, refuses_impossible_values) {
  const size_t record = sizeof(Header);
  struct Case {
    Type type;
    size_t offset;
    uint16_t value;
  };
  const Case cases[] = {
      {Type::kHeartbeat, 16, 1},           // a number where there is none
      {Type::kHeartbeat, record + 12, 1},  // reserved
      {Type::kRegister, record + 20, 0},   // no address
      {Type::kRegister, record + 20, 400},
      {Type::kRegister, record + 22, 513},
      {Type::kReport, record + 52, 0},  // kind
      {Type::kReport, record + 52, 3},
      {Type::kReport, record + 54, 1},
      {Type::kReport, record + 32, 4},           // unknown flag
      {Type::kReport, record + 2 * 56 + 16, 1},  // sizes in a removal
      {Type::kReport, record + 2 * 56 + 32, 1},  // flags in a removal
      {Type::kRegistered, record + 20, 4},
      {Type::kRegistered, record + 22, 2},
      {Type::kReported, record + 4, 1},
      {Type::kLocated, record + 20, 0},  // status
      {Type::kLocated, record + 20, 4},
      {Type::kLocated, record + 20, 0x0101},
      {Type::kLocated, record + 20, 2},       // unknown, but with copies
      {Type::kLocated, record + 22, 9},       // more copies than are shown
      {Type::kLocated, record + 22, 0},       // found without copies
      {Type::kLocated, record + 24 + 24, 0},  // a copy of nobody
      {Type::kChanges, record + 64, 0},
      {Type::kChanges, record + 64, 5},
      {Type::kChanges, record + 64, 0x0101},
      {Type::kChanges, record + 66, 4},
      {Type::kChanges, record + 68, 1},
      {Type::kChanges, record + 2 * 72 + 66, 1},  // a change is no part of a snapshot
      {Type::kChanges, record + 4 * 72 + 66, 1},  // "nothing" with more to follow
      {Type::kFreeOrders, record + 22, 1},        // generation of more than 48 bits
      {Type::kFreeOrders, record + 28, 1},
      {Type::kNodes, record + 36, 0},
      {Type::kNodes, record + 36, 4},
      {Type::kNodes, record + 36, 0x0101},
  };
  for (const Case& wrong : cases) {
    Bytes bytes = sample(wrong.type);
    put(bytes, wrong.offset, wrong.value);
    EXPECT_EQ(refusal(bytes), ErrorCode::kInvalid)
        << "type " << static_cast<int>(wrong.type) << " offset " << wrong.offset;
  }
}

TEST(Wire, refuses_addresses_that_are_no_text) {
  for (const char byte : {'\0', '\n', ' ', '\x7f', '\xff'}) {
    Bytes bytes = sample(Type::kRegister);
    put(bytes, sizeof(Header) + sizeof(RegisterBody) + 3, byte);
    EXPECT_EQ(refusal(bytes), ErrorCode::kInvalid);
  }
}

TEST(Wire, damaged_bytes_are_refused_or_mean_what_they_say) {
  uint32_t accepted = 0;
  for (const Bytes& whole : sample_messages()) {
    for (size_t at = 0; at < whole.size(); at++) {
      for (const int value : {0, 1, 2, 127, 128, 255}) {
        Bytes bytes = whole;
        bytes[at] = static_cast<std::byte>(value);
        accepted += decode_any(bytes);
      }
    }
  }
  EXPECT_GT(accepted, 0u);
}

TEST(Wire, random_mutations_are_refused_or_mean_what_they_say) {
  std::mt19937_64 random(test_seed());
  const auto samples = sample_messages();
  for (int round = 0; round < 20'000; round++) {
    Bytes bytes = samples[random() % samples.size()];
    for (uint64_t i = random() % 8; i > 0; i--) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    if (random() % 4 == 0) bytes.resize(random() % (2 * bytes.size()) + 1);
    if (random() % 2 == 0 && bytes.size() >= sizeof(Header)) {
      put(bytes, 8, static_cast<uint32_t>(bytes.size()));
    }
    decode_any(bytes);
  }
}

}  // namespace
}  // namespace obj::directory::wire
