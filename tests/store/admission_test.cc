// SPDX-License-Identifier: Apache-2.0
// Goal: creates that lack memory are answered exactly once each, in order, by their deadline.
#include "store/admission.hh"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/seed.hh"
#include "tests/store/test_store.hh"

namespace obj {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kForever = Admission::kForever;

// An arena of 4 KiB; creates of 1 KiB, all of one session, whose tag is also the id.
struct TestAdmission : TestStore {
  TestAdmission() : TestStore(16, 4 * kKiB) {}

  std::optional<CreateOutcome> submit(uint32_t tag, uint64_t bytes, uint64_t now_ns,
                                      uint64_t deadline_ns, SessionId session = 1) {
    return admission.submit({numbered_id(tag), bytes, 0, session}, {session, tag}, now_ns,
                            deadline_ns);
  }
  // The tags answered, in order; negative if refused.
  std::vector<int> retry(uint64_t now_ns) {
    std::vector<CreateOutcome> outcomes;
    admission.retry(now_ns, outcomes);
    std::vector<int> tags;
    for (const CreateOutcome& outcome : outcomes) {
      const int tag = static_cast<int>(outcome.ticket.tag);
      tags.push_back(outcome.result ? tag : -tag);
      last_code = outcome.result ? ErrorCode::kSystem : outcome.result.error().code;
    }
    return tags;
  }
  // Fills the arena with four unsealed objects, tags 1 to 4.
  void fill() {
    for (uint32_t tag = 1; tag <= 4; tag++) {
      ASSERT_TRUE(submit(tag, kKiB, 0, kForever)->result.has_value());
    }
  }
  void abort(uint64_t number) {
    const ObjectRef ref = store.describe(numbered_id(number))->placement.ref;
    ASSERT_TRUE(store.abort(ref, 1).has_value());
  }

  Admission admission{store};
  ErrorCode last_code = ErrorCode::kSystem;
};

using Tags = std::vector<int>;

TEST(Admission, answers_at_once_when_there_is_room) {
  TestAdmission test;
  const auto outcome = test.submit(1, kKiB, 0, kForever);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->ticket, (CreateTicket{1, 1}));
  EXPECT_TRUE(outcome->result.has_value());
  EXPECT_EQ(test.admission.waiting(), 0u);
  EXPECT_EQ(test.admission.next_deadline_ns(), kForever);
}

TEST(Admission, waits_in_order_of_arrival) {
  TestAdmission test;
  test.fill();
  EXPECT_FALSE(test.submit(5, kKiB, 0, kForever).has_value());
  EXPECT_FALSE(test.submit(6, kKiB, 0, kForever).has_value());
  EXPECT_EQ(test.admission.waiting(), 2u);
  EXPECT_EQ(test.retry(0), Tags{});
  test.abort(1);
  EXPECT_EQ(test.retry(0), (Tags{5}));
  test.abort(2);
  EXPECT_EQ(test.retry(0), (Tags{6}));
  EXPECT_EQ(test.admission.waiting(), 0u);
}

TEST(Admission, lets_a_small_one_wait_behind_a_large_one) {
  TestAdmission test;
  test.fill();
  EXPECT_FALSE(test.submit(5, 3 * kKiB, 0, kForever).has_value());
  test.abort(1);
  EXPECT_FALSE(test.submit(6, 64, 0, kForever).has_value());
  EXPECT_EQ(test.retry(0), Tags{});
  test.abort(2);
  test.abort(3);
  EXPECT_EQ(test.retry(0), (Tags{5}));  // 6 fits no more
  test.abort(4);
  EXPECT_EQ(test.retry(0), (Tags{6}));
}

TEST(Admission, answers_at_once_what_no_memory_will_mend) {
  TestAdmission test;
  test.fill();
  ASSERT_FALSE(test.submit(5, kKiB, 0, kForever).has_value());
  EXPECT_EQ(test.submit(1, kKiB, 0, kForever, 2)->result.error().code, ErrorCode::kExists);
  EXPECT_EQ(test.submit(6, 5 * kKiB, 0, kForever)->result.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(test.admission.waiting(), 1u);
}

TEST(Admission, answers_the_second_of_two_that_waited_for_one_id) {
  TestAdmission test;
  test.fill();
  ASSERT_FALSE(test.submit(5, kKiB, 0, kForever, 1).has_value());
  ASSERT_FALSE(test.submit(5, kKiB, 0, kForever, 2).has_value());
  test.abort(1);
  EXPECT_EQ(test.retry(0), (Tags{5, -5}));
  EXPECT_EQ(test.last_code, ErrorCode::kExists);
}

TEST(Admission, does_not_wait_without_time) {
  TestAdmission test;
  test.fill();
  for (const uint64_t deadline_ns : {0u, 99u, 100u}) {
    const auto outcome = test.submit(5, kKiB, 100, deadline_ns);
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->result.error().code, ErrorCode::kOutOfMemory);
  }
  EXPECT_FALSE(test.submit(5, kKiB, 100, 101).has_value());
  // Nor does it pass those that wait, though it would fit.
  test.abort(1);
  EXPECT_EQ(test.submit(6, 64, 100, 100)->result.error().code, ErrorCode::kOutOfMemory);
}

TEST(Admission, fails_those_past_their_deadline) {
  TestAdmission test;
  test.fill();
  ASSERT_FALSE(test.submit(5, kKiB, 0, 300).has_value());
  ASSERT_FALSE(test.submit(6, kKiB, 0, 100).has_value());
  ASSERT_FALSE(test.submit(7, kKiB, 0, 200).has_value());
  EXPECT_EQ(test.admission.next_deadline_ns(), 100u);
  EXPECT_EQ(test.retry(99), Tags{});
  EXPECT_EQ(test.retry(100), (Tags{-6}));
  EXPECT_EQ(test.last_code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(test.admission.next_deadline_ns(), 200u);
  EXPECT_EQ(test.retry(1000), (Tags{-7, -5}));
  EXPECT_EQ(test.retry(1000), Tags{});
  EXPECT_EQ(test.admission.next_deadline_ns(), kForever);
}

TEST(Admission, says_nothing_more_about_a_cancelled_one) {
  TestAdmission test;
  test.fill();
  ASSERT_FALSE(test.submit(5, kKiB, 0, 100).has_value());
  ASSERT_FALSE(test.submit(6, kKiB, 0, 200).has_value());
  EXPECT_TRUE(test.admission.cancel({1, 5}));
  EXPECT_FALSE(test.admission.cancel({1, 5}));
  EXPECT_FALSE(test.admission.cancel({2, 6}));
  EXPECT_EQ(test.admission.next_deadline_ns(), 200u);
  EXPECT_EQ(test.retry(150), Tags{});
  test.abort(1);
  EXPECT_EQ(test.retry(150), (Tags{6}));
}

TEST(Admission, forgets_all_of_a_session) {
  TestAdmission test;
  test.fill();
  ASSERT_FALSE(test.submit(5, kKiB, 0, 100, 1).has_value());
  ASSERT_FALSE(test.submit(6, kKiB, 0, 200, 2).has_value());
  ASSERT_FALSE(test.submit(7, kKiB, 0, 300, 1).has_value());
  test.admission.cancel_session(1);
  test.admission.cancel_session(9);
  EXPECT_EQ(test.admission.waiting(), 1u);
  EXPECT_EQ(test.admission.next_deadline_ns(), 200u);
  EXPECT_EQ(test.retry(1000), (Tags{-6}));
}

TEST(Admission, evicts_for_those_that_wait_once_readers_let_go) {
  TestAdmission test;
  for (uint64_t number = 101; number <= 104; number++) test.readers.pin(9, test.put(number, kKiB));
  EXPECT_FALSE(test.submit(5, kKiB, 0, kForever).has_value());
  test.readers.release_all(9);
  EXPECT_EQ(test.retry(0), (Tags{5}));
}

// A store of more small objects than one call evicts, and an admission.
struct CrowdedAdmission : TestStore {
  static constexpr uint32_t kCount = 4 * Admission::kEvictionsMax;
  CrowdedAdmission() : TestStore(2 * kCount, kCount * kKiB) {
    for (uint64_t number = 0; number < kCount; number++) put(number, kKiB);
  }
  std::optional<CreateOutcome> submit(uint32_t tag, uint64_t kib, uint64_t deadline_ns) {
    return admission.submit({numbered_id(kCount + tag), kib * kKiB, 0, 1}, {1, tag}, 0,
                            deadline_ns);
  }
  // One turn; the tags answered, negative if refused.
  Tags turn(uint64_t now_ns) {
    std::vector<CreateOutcome> outcomes;
    const uint64_t before = store.counters().evicted.objects;
    admission.retry(now_ns, outcomes);
    EXPECT_LE(store.counters().evicted.objects - before, 2 * Admission::kEvictionsMax);
    Tags tags;
    for (const CreateOutcome& outcome : outcomes) {
      const int tag = static_cast<int>(outcome.ticket.tag);
      tags.push_back(outcome.result ? tag : -tag);
    }
    return tags;
  }

  Admission admission{store};
};

TEST(Admission, makes_room_for_a_huge_create_in_several_turns) {
  CrowdedAdmission test;
  EXPECT_FALSE(test.submit(1, CrowdedAdmission::kCount, kForever).has_value());
  EXPECT_EQ(test.store.counters().evicted.objects, Admission::kEvictionsMax);
  EXPECT_FALSE(test.submit(2, 1, kForever).has_value());  // behind it
  int turns = 0;
  for (Tags tags; tags.empty(); turns++) {
    ASSERT_TRUE(test.admission.needs_turn());
    tags = test.turn(0);
    if (!tags.empty()) {
      EXPECT_EQ(tags, (Tags{1}));
    }
  }
  EXPECT_EQ(turns, 3);
  EXPECT_FALSE(test.admission.needs_turn());  // the second waits for memory, not for us
  EXPECT_EQ(test.admission.waiting(), 1u);
  EXPECT_TRUE(test.is_consistent());
}

TEST(Admission, a_create_without_time_has_as_many_turns_as_it_needs) {
  CrowdedAdmission test;
  EXPECT_FALSE(test.submit(1, CrowdedAdmission::kCount, 0).has_value());
  EXPECT_FALSE(test.submit(2, 1, 10).has_value());
  EXPECT_TRUE(test.submit(3, 1, 0).has_value());  // not at the front
  EXPECT_EQ(test.turn(1), Tags{});
  EXPECT_EQ(test.turn(20), (Tags{-2}));
  EXPECT_EQ(test.turn(20), (Tags{1}));
}

TEST(Admission, a_create_whose_room_was_taken_meanwhile_fails_at_its_deadline) {
  CrowdedAdmission test;
  EXPECT_FALSE(test.submit(1, CrowdedAdmission::kCount, 10).has_value());
  const uint64_t last = CrowdedAdmission::kCount - 1;
  test.readers.pin(1, test.store.describe(numbered_id(last))->placement.ref);
  Tags tags;
  for (int turns = 0; tags.empty() && turns < 10; turns++) tags = test.turn(20);
  EXPECT_EQ(tags, (Tags{-1}));
  EXPECT_FALSE(test.admission.needs_turn());
  EXPECT_TRUE(test.has(last));
}

TEST(Admission, a_cancelled_huge_create_asks_for_no_more_turns) {
  CrowdedAdmission test;
  EXPECT_FALSE(test.submit(1, CrowdedAdmission::kCount, kForever).has_value());
  EXPECT_TRUE(test.admission.cancel({1, 1}));
  EXPECT_FALSE(test.admission.needs_turn());
  const uint64_t evicted = test.store.counters().evicted.objects;
  EXPECT_TRUE(test.submit(2, 1, 0)->result.has_value());
  EXPECT_EQ(test.store.counters().evicted.objects, evicted);
}

TEST(AdmissionDeathTest, refuses_a_ticket_that_waits_already) {
  TestAdmission test;
  test.fill();
  ASSERT_FALSE(test.submit(5, kKiB, 0, kForever).has_value());
  EXPECT_DEATH(test.submit(5, kKiB, 0, kForever), "CHECK failed");
}

TEST(Admission, answers_each_ticket_exactly_once_in_random_walks) {
  std::mt19937_64 random(test_seed());
  for (int walk = 0; walk < 50; walk++) {
    TestAdmission test;
    std::map<uint32_t, uint64_t> waiting;  // tag -> deadline
    std::vector<uint64_t> unsealed;
    uint32_t next_tag = 1;
    for (uint64_t now_ns = 1; now_ns < 500; now_ns++) {
      const uint64_t action = random() % 8;
      if (action < 3) {
        const uint32_t tag = next_tag++;
        const uint64_t deadline_ns = random() % 3 == 0 ? kForever : now_ns + random() % 40;
        const auto outcome = test.submit(tag, 64 * (random() % 40), now_ns, deadline_ns);
        if (!outcome) waiting[tag] = deadline_ns;
        if (outcome && outcome->result) unsealed.push_back(tag);
      } else if (action < 5 && !unsealed.empty()) {
        std::swap(unsealed[random() % unsealed.size()], unsealed.back());
        test.abort(unsealed.back());
        unsealed.pop_back();
      } else if (action == 5 && !waiting.empty()) {
        const uint32_t tag = waiting.begin()->first;
        ASSERT_TRUE(test.admission.cancel({1, tag}));
        waiting.erase(tag);
      } else {
        for (const int answer : test.retry(now_ns)) {
          const auto tag = static_cast<uint32_t>(std::abs(answer));
          ASSERT_TRUE(waiting.contains(tag));
          ASSERT_TRUE(answer > 0 || waiting[tag] <= now_ns);
          if (answer > 0) unsealed.push_back(tag);
          waiting.erase(tag);
        }
        for (const auto& [tag, deadline_ns] : waiting) ASSERT_GT(deadline_ns, now_ns);
      }
      ASSERT_EQ(test.admission.waiting(), waiting.size());
    }
  }
}

}  // namespace
}  // namespace obj
