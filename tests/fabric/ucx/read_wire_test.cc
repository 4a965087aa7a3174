// SPDX-License-Identifier: Apache-2.0
// Messages of the reads service: what the writer makes is read back the same, all else is refused.
#include "fabric/ucx/read_wire.hh"

#include <gtest/gtest.h>

#include <random>

#include "tests/seed.hh"

namespace obj::ucx {
namespace {

OrderRecord read_order(uint32_t number) {
  return {.number = number,
          .kind = OrderKind::kRead,
          .reserved = {},
          .id = {{1, 2, 3}},
          .slot = 4,
          .size_bytes = 5,
          .generation = 6,
          .extent_offset = 7,
          .object_offset = 8};
}

std::vector<std::byte> copy(std::span<const std::byte> message) {
  return {message.begin(), message.end()};
}

std::vector<std::byte> three_answers() {
  ReadMessageWriter writer(ReadMessageType::kAnswers);
  const std::vector<std::byte> data(100, std::byte{9});
  writer.add_answer(1, AnswerKind::kData, data);
  writer.add_sighting(2, {{{5}}, 11, 12, 13, 14, 15});
  writer.add_answer(3, AnswerKind::kStale);
  return copy(writer.message());
}

TEST(ReadWire, orders_come_back_the_same) {
  ReadMessageWriter writer(ReadMessageType::kOrders);
  uint32_t count = 0;
  while (writer.has_room(sizeof(OrderRecord))) writer.add(read_order(count++));
  EXPECT_EQ(count, kOrdersMax);
  const auto orders = decode_orders(writer.message());
  ASSERT_TRUE(orders && orders->size() == count);
  const OrderRecord expected = read_order(17);
  EXPECT_EQ(std::memcmp(&(*orders)[17], &expected, sizeof(expected)), 0);
}

TEST(ReadWire, answers_come_back_the_same) {
  const auto message = three_answers();
  const auto answers = decode_answers(message);
  ASSERT_TRUE(answers && answers->size() == 3);
  EXPECT_EQ((*answers)[0].content.size(), 100u);
  EXPECT_EQ((*answers)[0].content[99], std::byte{9});
  const SlotSighting& seen = (*answers)[1].sighting;
  EXPECT_EQ(seen.generation, 11u);
  EXPECT_EQ(seen.offset, 12u);
  EXPECT_EQ(seen.data_bytes, 13u);
  EXPECT_EQ(seen.metadata_bytes, 14u);
  EXPECT_EQ(seen.ready_bytes, 15u);
  EXPECT_EQ((*answers)[2].kind, AnswerKind::kStale);
}

TEST(ReadWire, every_cut_is_refused) {
  const auto answers = three_answers();
  for (size_t size = 0; size < answers.size(); size++) {
    EXPECT_FALSE(decode_answers(std::span(answers).first(size))) << size;
  }
  ReadMessageWriter writer(ReadMessageType::kOrders);
  writer.add(read_order(1));
  writer.add(read_order(2));
  const auto orders = copy(writer.message());
  for (size_t size = 0; size < orders.size(); size++) {
    EXPECT_FALSE(decode_orders(std::span(orders).first(size))) << size;
  }
  EXPECT_FALSE(decode_orders(answers));
  EXPECT_FALSE(decode_answers(orders));
}

TEST(ReadWire, orders_that_make_no_sense_are_refused) {
  const auto refused = [](auto change) {
    OrderRecord order = read_order(1);
    change(order);
    ReadMessageWriter writer(ReadMessageType::kOrders);
    writer.add(order);
    return !decode_orders(writer.message());
  };
  EXPECT_FALSE(refused([](OrderRecord&) {}));
  EXPECT_TRUE(refused([](OrderRecord& order) { order.size_bytes = 0; }));
  EXPECT_TRUE(refused([](OrderRecord& order) { order.kind = OrderKind::kCheck; }));
  EXPECT_TRUE(refused([](OrderRecord& order) { order.kind = static_cast<OrderKind>(0); }));
  EXPECT_TRUE(refused([](OrderRecord& order) { order.kind = static_cast<OrderKind>(4); }));
  EXPECT_TRUE(refused([](OrderRecord& order) { order.reserved[2] = 1; }));
}

TEST(ReadWire, random_changes_never_read_outside) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 20'000; round++) {
    auto message = three_answers();
    for (int flips = 0; flips < 3; flips++) {
      message[random() % message.size()] = static_cast<std::byte>(random());
    }
    if (const auto answers = decode_answers(message)) {
      for (const Answer& answer : *answers) {
        if (answer.content.empty()) continue;
        EXPECT_GE(answer.content.data(), message.data());
        EXPECT_LE(answer.content.data() + answer.content.size(), message.data() + message.size());
      }
    }
  }
}

}  // namespace
}  // namespace obj::ucx
