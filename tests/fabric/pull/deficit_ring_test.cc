// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/deficit_ring_test.cc -- equal bytes for every member, whatever it sends at
// once.
#include "fabric/pull/deficit_ring.hh"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "tests/seed.hh"

namespace obj {
namespace {

constexpr uint32_t kQuantum = 1000;

struct Sender : RingMember {
  uint32_t read_bytes = 1;
  uint64_t sent_bytes = 0;
};

void send_one(DeficitRing& ring) {
  auto& sender = static_cast<Sender&>(ring.turn(kQuantum));
  ring.charge(sender, sender.read_bytes);
  sender.sent_bytes += sender.read_bytes;
}

TEST(DeficitRing, small_reads_get_as_many_bytes_as_large_ones) {
  DeficitRing ring;
  std::array<Sender, 3> senders;
  senders[0].read_bytes = 1000;
  senders[1].read_bytes = 7;
  senders[2].read_bytes = 333;
  for (Sender& sender : senders) ring.add(sender);
  for (int i = 0; i < 100'000; i++) send_one(ring);
  const double share = static_cast<double>(senders[0].sent_bytes);
  EXPECT_NEAR(static_cast<double>(senders[1].sent_bytes), share, 2.0 * kQuantum);
  EXPECT_NEAR(static_cast<double>(senders[2].sent_bytes), share, 2.0 * kQuantum);
  for (Sender& sender : senders) ring.remove(sender);
}

TEST(DeficitRing, one_that_leaves_and_comes_back_gains_nothing) {
  DeficitRing ring;
  std::array<Sender, 2> senders;
  for (Sender& sender : senders) {
    sender.read_bytes = 900;
    ring.add(sender);
  }
  for (int i = 0; i < 10'000; i++) {
    send_one(ring);
    ring.remove(senders[0]);
    ring.add(senders[0]);
  }
  EXPECT_LE(senders[0].sent_bytes, senders[1].sent_bytes + 2 * kQuantum);
  for (Sender& sender : senders) ring.remove(sender);
}

TEST(DeficitRing, keeps_its_order_under_random_coming_and_going) {
  std::mt19937_64 random(test_seed());
  DeficitRing ring;
  std::array<Sender, 20> senders;
  for (int i = 0; i < 100'000; i++) {
    Sender& sender = senders[random() % senders.size()];
    sender.read_bytes = static_cast<uint32_t>(1 + random() % kQuantum);
    if (random() % 3 == 0) {
      sender.in_ring() ? ring.remove(sender) : ring.add(sender);
    } else if (!ring.empty()) {
      send_one(ring);
    }
    size_t members = 0;
    for (const Sender& each : senders) members += each.in_ring() ? 1u : 0u;
    ASSERT_EQ(ring.empty(), members == 0);
  }
  for (Sender& sender : senders) {
    if (sender.in_ring()) ring.remove(sender);
  }
  EXPECT_TRUE(ring.empty());
}

TEST(DeficitRingDeathTest, refuses_a_member_that_is_in_a_ring) {
  DeficitRing ring;
  Sender sender;
  ring.add(sender);
  EXPECT_DEATH(ring.add(sender), "CHECK failed");
  ring.remove(sender);
  EXPECT_DEATH(ring.remove(sender), "CHECK failed");
}

}  // namespace
}  // namespace obj
