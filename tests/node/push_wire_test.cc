// SPDX-License-Identifier: Apache-2.0
// tests/node/push_wire_test.cc -- the messages of obj_push(), as bytes.
#include "node/remote/push_wire.hh"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/seed.hh"

namespace obj::push_wire {
namespace {

Message sample(Message::Type type) {
  Message message{type, 0x0123456789abcdef, {}, false};
  for (uint8_t i = 0; i < 16; i++) message.id.bytes[i] = i;
  return message;
}

TEST(PushWire, what_was_encoded_is_decoded) {
  EXPECT_EQ(decode(encode(sample(Message::Type::kPush))), sample(Message::Type::kPush));
  Message refused = sample(Message::Type::kPushed);
  refused.refused = true;
  EXPECT_EQ(decode(encode(refused)), refused);
}

TEST(PushWire, the_bytes_are_where_the_header_says) {
  const auto bytes = encode(sample(Message::Type::kPushed));
  EXPECT_EQ(bytes[0], std::byte{'O'});
  EXPECT_EQ(bytes[3], std::byte{'P'});
  EXPECT_EQ(bytes[4], std::byte{1});
  EXPECT_EQ(bytes[6], std::byte{2});
  EXPECT_EQ(bytes[8], std::byte{0xef});
  EXPECT_EQ(bytes[16 + 15], std::byte{15});
}

TEST(PushWire, every_length_but_one_is_refused) {
  const auto bytes = encode(sample(Message::Type::kPush));
  for (size_t size = 0; size < bytes.size(); size++) {
    EXPECT_FALSE(decode(std::span(bytes).first(size))) << size;
  }
  std::vector<std::byte> longer(bytes.begin(), bytes.end());
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode(longer));
}

// Whatever is accepted means exactly its bytes.
TEST(PushWire, a_changed_byte_is_refused_or_means_something_else) {
  std::mt19937_64 random(test_seed());
  const auto bytes = encode(sample(Message::Type::kPush));
  for (int i = 0; i < 10'000; i++) {
    auto changed = bytes;
    changed[random() % changed.size()] ^= static_cast<std::byte>(1 + random() % 255);
    const auto message = decode(changed);
    if (message) {
      EXPECT_EQ(encode(*message), changed);
    }
  }
}

}  // namespace
}  // namespace obj::push_wire
