// SPDX-License-Identifier: Apache-2.0
// What one daemon says the other one hears; whatever else comes is refused whole.
#include "fabric/verbs/exchange_wire.hh"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/fabric/verbs/exchange_samples.hh"
#include "tests/seed.hh"

namespace obj::verbs {
namespace {

template <class Message>
std::optional<Message> decoded(const std::vector<std::byte>& bytes) {
  const auto got = decode_exchange(bytes);
  if (!got || !std::holds_alternative<ExchangeMessage>(*got)) return {};
  const auto* const message = std::get_if<Message>(&std::get<ExchangeMessage>(*got));
  return message != nullptr ? std::optional(*message) : std::nullopt;
}

TEST(ExchangeWire, carries_offers_answers_and_refusals_unchanged) {
  EXPECT_EQ(decoded<Offer>(encode(sample_offer())), sample_offer());
  EXPECT_EQ(decoded<Answer>(encode(sample_answer())), sample_answer());
  const Refusal refusal{7, true, "no RDMA device"};
  EXPECT_EQ(decoded<Refusal>(encode(refusal)), refusal);
}

TEST(ExchangeWire, makes_a_reason_printable_and_short) {
  const auto refusal = decoded<Refusal>(encode(Refusal{1, false, "a\nb" + std::string(600, 'x')}));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason.size(), kReasonBytesMax);
  EXPECT_EQ(refusal->reason.substr(0, 4), "a?bx");
}

TEST(ExchangeWire, knows_another_version_by_its_first_bytes_alone) {
  std::vector<std::byte> message = encode(sample_offer());
  message[0] = std::byte{2};
  message.resize(5);
  const auto got = decode_exchange(message);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(std::get<OtherVersion>(*got).version, 2);
}

TEST(ExchangeWire, refuses_what_is_cut_short_or_too_long) {
  for (const auto& whole :
       {encode(sample_offer()), encode(sample_answer()), encode(Refusal{7, false, "reason"})}) {
    for (size_t size = 2; size < whole.size(); size++) {
      EXPECT_FALSE(decode_exchange(std::span(whole).first(size)).has_value()) << size;
    }
    std::vector<std::byte> longer = whole;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode_exchange(longer).has_value());
  }
}

// An answer in which one thing is wrong.
bool is_refused(const Answer& answer) { return !decode_exchange(encode(answer)).has_value(); }

TEST(ExchangeWire, refuses_memory_that_cannot_be) {
  Answer answer = sample_answer();
  answer.memories[0].arena.keys.push_back(1);
  EXPECT_TRUE(is_refused(answer)) << "more keys than pieces";
  answer = sample_answer();
  answer.memories[0].arena.piece_bytes = 0;
  EXPECT_TRUE(is_refused(answer));
  answer = sample_answer();
  answer.memories[0].arena.address = UINT64_MAX - 10;
  EXPECT_TRUE(is_refused(answer)) << "addresses that wrap";
  answer = sample_answer();
  answer.table.slot_count = 1 << 20;
  EXPECT_TRUE(is_refused(answer)) << "slots beyond the segment";
  answer = sample_answer();
  answer.table.slots_offset = UINT64_MAX - 63;
  EXPECT_TRUE(is_refused(answer));
  answer = sample_answer();
  answer.table.slots_offset += 8;
  EXPECT_TRUE(is_refused(answer)) << "slots that share cache lines";
}

TEST(ExchangeWire, refuses_lanes_that_cannot_be) {
  Answer answer = sample_answer();
  answer.lanes[1].index = answer.lanes[0].index;
  EXPECT_TRUE(is_refused(answer)) << "one lane twice";
  answer = sample_answer();
  answer.lanes[0].index = kLanesMax;
  EXPECT_TRUE(is_refused(answer));
  answer = sample_answer();
  answer.lanes[0].memory = 1;
  EXPECT_TRUE(is_refused(answer)) << "a memory that was not told";
  answer = sample_answer();
  answer.lanes[0].owner.mtu_bytes = 1500;
  EXPECT_TRUE(is_refused(answer));
  answer = sample_answer();
  answer.lanes[0].owner.queue_number = 1 << 24;
  EXPECT_TRUE(is_refused(answer));
  answer = sample_answer();
  answer.lanes[0].owner.reads_max = 0;
  EXPECT_TRUE(is_refused(answer));
}

TEST(ExchangeWire, never_accepts_noise_that_it_would_not_have_written) {
  std::mt19937_64 random(test_seed());
  const auto good = encode(sample_answer());
  for (int i = 0; i < 50'000; i++) {
    std::vector<std::byte> bytes = good;
    for (uint64_t flips = 1 + random() % 4; flips > 0; flips--) {
      bytes[2 + random() % (bytes.size() - 2)] = static_cast<std::byte>(random());
    }
    const auto answer = decoded<Answer>(bytes);
    if (answer) {
      ASSERT_EQ(encode(*answer), bytes);
    }
  }
}

}  // namespace
}  // namespace obj::verbs
