// SPDX-License-Identifier: Apache-2.0
// tests/node/waiters_test.cc -- each waiter leaves exactly once, whichever way.
#include "node/waiters.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/seed.hh"

namespace obj {
namespace {

ObjectId id_of(uint8_t n) {
  ObjectId id;
  id.bytes[0] = n;
  return id;
}

Waiter waiter_of(SessionId session, uint32_t tag, uint8_t id, uint64_t deadline_ns = kForeverNs) {
  return {session, tag, id_of(id), deadline_ns, std::nullopt};
}

TEST(Waiters, hands_out_those_of_one_id_in_order_of_arrival) {
  Waiters waiters;
  waiters.add(waiter_of(2, 5, 1));
  waiters.add(waiter_of(1, 9, 1));
  waiters.add(waiter_of(1, 8, 2));
  std::vector<Waiter> out;
  waiters.take_sealed(id_of(1), out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].tag, 5u);
  EXPECT_EQ(out[1].tag, 9u);
  EXPECT_EQ(waiters.size(), 1u);
  out.clear();
  waiters.take_sealed(id_of(1), out);
  EXPECT_TRUE(out.empty());
}

TEST(Waiters, expires_at_the_deadline_and_not_before) {
  Waiters waiters;
  waiters.add(waiter_of(1, 1, 1, 100));
  waiters.add(waiter_of(1, 2, 1, 50));
  EXPECT_EQ(waiters.next_deadline_ns(), 50u);
  std::vector<Waiter> out;
  waiters.take_expired(49, out);
  EXPECT_TRUE(out.empty());
  waiters.take_expired(50, out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].tag, 2u);
  EXPECT_EQ(waiters.next_deadline_ns(), 100u);
}

TEST(Waiters, never_expires_one_that_waits_for_ever) {
  Waiters waiters;
  waiters.add(waiter_of(1, 1, 1));
  EXPECT_EQ(waiters.next_deadline_ns(), kForeverNs);
  std::vector<Waiter> out;
  waiters.take_expired(kForeverNs, out);
  EXPECT_TRUE(out.empty());
}

TEST(Waiters, forgets_a_session_and_only_that) {
  Waiters waiters;
  waiters.add(waiter_of(1, 1, 1, 10));
  waiters.add(waiter_of(2, 1, 1, 20));
  waiters.cancel_session(1);
  EXPECT_EQ(waiters.size(1), 0u);
  EXPECT_EQ(waiters.size(2), 1u);
  EXPECT_EQ(waiters.next_deadline_ns(), 20u);
}

TEST(WaitersDeathTest, refuses_a_tag_that_waits_already) {
  Waiters waiters;
  waiters.add(waiter_of(1, 1, 1));
  EXPECT_DEATH(waiters.add(waiter_of(1, 1, 2)), "CHECK failed");
}

// Random adds and removals against a plain map.
TEST(Waiters, agrees_with_a_simple_model_under_random_operations) {
  std::mt19937_64 random(test_seed());
  Waiters waiters;
  std::map<std::pair<SessionId, uint32_t>, Waiter> model;
  uint64_t now_ns = 0;

  const auto expect_taken = [&](const std::vector<Waiter>& taken, const auto& should_go) {
    const auto gone = static_cast<size_t>(std::count_if(
        model.begin(), model.end(), [&](const auto& entry) { return should_go(entry.second); }));
    ASSERT_EQ(taken.size(), gone);
    for (const Waiter& waiter : taken) {
      ASSERT_TRUE(should_go(waiter));
      ASSERT_EQ(model.erase({waiter.session, waiter.tag}), 1u);
    }
  };
  for (int step = 0; step < 50'000; step++) {
    const auto session = static_cast<SessionId>(random() % 4);
    const auto tag = static_cast<uint32_t>(random() % 32);
    std::vector<Waiter> taken;
    switch (random() % 8) {
      case 0: {
        const ObjectId id = id_of(static_cast<uint8_t>(random() % 8));
        waiters.take_sealed(id, taken);
        expect_taken(taken, [&](const Waiter& waiter) { return waiter.id == id; });
        break;
      }
      case 1:
        now_ns += random() % 20;
        waiters.take_expired(now_ns, taken);
        expect_taken(taken, [&](const Waiter& waiter) { return waiter.deadline_ns <= now_ns; });
        break;
      case 2: {
        const auto cancelled = waiters.cancel(session, tag);
        ASSERT_EQ(cancelled.has_value(), model.erase({session, tag}) == 1);
        break;
      }
      case 3:
        if (random() % 16 != 0) break;
        waiters.cancel_session(session);
        std::erase_if(model, [&](const auto& entry) { return entry.first.first == session; });
        break;
      default: {
        if (model.contains({session, tag})) break;
        const uint64_t deadline = random() % 4 == 0 ? kForeverNs : now_ns + 1 + random() % 100;
        const Waiter waiter = waiter_of(session, tag, static_cast<uint8_t>(random() % 8), deadline);
        waiters.add(waiter);
        model.emplace(std::pair(session, tag), waiter);
      }
    }
    ASSERT_EQ(waiters.size(), model.size());
    uint64_t earliest = kForeverNs;
    for (const auto& [key, waiter] : model) earliest = std::min(earliest, waiter.deadline_ns);
    ASSERT_EQ(waiters.next_deadline_ns(), earliest);
  }
}

}  // namespace
}  // namespace obj
