// SPDX-License-Identifier: Apache-2.0
// The ring between two processes: order, fullness, wrap-around, and what an impossible position of
// the other side does: an error, and no entry touched.
#include "base/spsc_ring.hh"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <thread>

#include "base/cpu_relax.hh"
#include "tests/seed.hh"

namespace obj {
namespace {

constexpr uint32_t kCapacity = 8;
constexpr uint32_t kShortOfWrap = UINT32_MAX - 10;  // kCapacity entries on, positions wrap

struct Ring {
  explicit Ring(uint32_t start = 0)
      : producer(positions, entries, start), consumer(positions, entries, start) {
    positions.tail = start;
    positions.head = start;
  }

  RingPositions positions{};
  std::array<uint64_t, kCapacity> entries{};
  RingProducer<uint64_t> producer;
  RingConsumer<uint64_t> consumer;
};

TEST(SpscRing, fresh_ring_has_all_room_and_no_entries) {
  Ring ring;
  EXPECT_EQ(ring.producer.room().value(), kCapacity);
  EXPECT_EQ(ring.consumer.available().value(), 0u);
}

TEST(SpscRing, entry_is_invisible_until_published) {
  Ring ring;
  ring.producer.push(7);
  EXPECT_EQ(ring.consumer.available().value(), 0u);
  ring.producer.publish();
  ASSERT_EQ(ring.consumer.available().value(), 1u);
  EXPECT_EQ(ring.consumer.take(), 7u);
}

TEST(SpscRing, full_ring_has_no_room_until_the_consumer_publishes) {
  Ring ring;
  for (uint64_t i = 0; i < kCapacity; i++) ring.producer.push(i);
  EXPECT_EQ(ring.producer.room().value(), 0u);
  ring.producer.publish();
  ASSERT_EQ(ring.consumer.available().value(), kCapacity);
  EXPECT_EQ(ring.consumer.take(), 0u);
  EXPECT_EQ(ring.producer.room().value(), 0u);
  ring.consumer.publish();
  EXPECT_EQ(ring.producer.room().value(), 1u);
}

// Pushes and takes random batches and checks that all entries come out once and in order.
void expect_order_kept(Ring& ring, uint64_t entries_total, uint64_t seed) {
  std::mt19937_64 random(seed);
  uint64_t pushed = 0;
  uint64_t taken = 0;
  while (taken < entries_total) {
    for (uint64_t i = random() % (ring.producer.room().value() + 1); i > 0; i--) {
      ring.producer.push(pushed++);
    }
    ring.producer.publish();
    for (uint64_t i = random() % (ring.consumer.available().value() + 1); i > 0; i--) {
      ASSERT_EQ(ring.consumer.take(), taken++);
    }
    ring.consumer.publish();
    ASSERT_EQ(ring.producer.room().value(), kCapacity - (pushed - taken));
  }
}

TEST(SpscRing, keeps_the_order_over_many_rounds) {
  Ring ring;
  expect_order_kept(ring, 10'000, test_seed());
}

TEST(SpscRing, keeps_the_order_when_positions_wrap_at_32_bits) {
  Ring ring(kShortOfWrap);
  expect_order_kept(ring, 100, test_seed());
  EXPECT_LT(ring.positions.tail.load(), kShortOfWrap);
}

TEST(SpscRing, producer_refuses_a_head_ahead_of_its_tail) {
  Ring ring;
  ring.positions.head = 1;
  ASSERT_FALSE(ring.producer.room());
  EXPECT_EQ(ring.producer.room().error().code, ErrorCode::kInvalid);
}

TEST(SpscRing, producer_refuses_a_head_that_ran_back) {
  Ring ring;
  for (uint64_t i = 0; i < kCapacity; i++) ring.producer.push(i);
  ring.producer.publish();
  ring.positions.head = UINT32_MAX;
  EXPECT_FALSE(ring.producer.room());
}

TEST(SpscRing, consumer_refuses_more_entries_than_the_ring_holds) {
  Ring ring;
  ring.positions.tail = kCapacity;
  EXPECT_EQ(ring.consumer.available().value(), kCapacity);
  ring.positions.tail = kCapacity + 1;
  ASSERT_FALSE(ring.consumer.available());
  EXPECT_EQ(ring.consumer.available().error().code, ErrorCode::kInvalid);
}

TEST(SpscRing, consumer_refuses_a_tail_that_ran_back) {
  Ring ring(kShortOfWrap);
  ring.positions.tail = kShortOfWrap - 1;
  EXPECT_FALSE(ring.consumer.available());
}

TEST(SpscRing, either_side_goes_on_when_the_position_is_possible_again) {
  Ring ring;
  ring.positions.tail = 1000;
  EXPECT_FALSE(ring.consumer.available());
  ring.producer.push(7);
  ring.producer.publish();
  ASSERT_EQ(ring.consumer.available().value(), 1u);
  EXPECT_EQ(ring.consumer.take(), 7u);
}

TEST(SpscRing, random_positions_are_refused_or_within_the_ring) {
  std::mt19937 random(static_cast<uint32_t>(test_seed()));
  Ring ring;
  const auto near_zero = [&random] { return static_cast<uint32_t>(random() % 64) - 32; };
  for (int i = 0; i < 100'000; i++) {
    ring.positions.tail = near_zero();
    ring.positions.head = near_zero();
    // An unsigned distance from 0, as each side computes it.
    const uint32_t claimed = ring.positions.tail;
    const uint32_t unread = 0 - ring.positions.head;
    ASSERT_EQ(ring.consumer.available().has_value(), claimed <= kCapacity);
    ASSERT_EQ(ring.producer.room().has_value(), unread <= kCapacity);
  }
}

// Under ThreadSanitizer this shows that publish() and available() order the entries themselves.
TEST(SpscRing, two_threads_pass_every_entry_once_and_in_order) {
  constexpr uint64_t kEntries = 200'000;
  Ring ring;
  std::thread producer([&ring] {
    for (uint64_t i = 0; i < kEntries; i++) {
      while (ring.producer.room().value() == 0) cpu_relax();
      ring.producer.push(i);
      ring.producer.publish();
    }
  });
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < kEntries; i++) {
    while (ring.consumer.available().value() == 0) cpu_relax();
    wrong += ring.consumer.take() != i;
    ring.consumer.publish();
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
}

TEST(SpscRingDeathTest, refuses_a_capacity_that_is_no_power_of_two) {
  RingPositions positions{};
  std::array<uint64_t, 6> entries{};
  EXPECT_DEATH((RingProducer<uint64_t>(positions, entries)), "has_single_bit");
  EXPECT_DEATH((RingConsumer<uint64_t>(positions, entries)), "has_single_bit");
}

}  // namespace
}  // namespace obj
