// SPDX-License-Identifier: Apache-2.0
// Questions: coalesced by key, sent again after a lost connection, and each ended exactly once.
#include "directory/pending_answers.hh"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/seed.hh"

namespace obj::directory {
namespace {

using Questions = PendingAnswers<uint32_t, std::hash<uint32_t>>;
using Keys = std::vector<uint32_t>;
using Tags = std::vector<uint64_t>;

Tags finish(Questions& questions, uint32_t key) {
  Tags tags;
  questions.finish(key, tags);
  return tags;
}
Tags expire(Questions& questions, uint64_t now_ns) {
  Tags tags;
  questions.expire(now_ns, tags);
  return tags;
}
void add(Questions& questions, uint32_t key, uint64_t tag, uint64_t deadline_ns = kForeverNs) {
  ASSERT_TRUE(questions.add(key, tag, deadline_ns));
}

TEST(PendingAnswers, one_key_is_asked_once_for_all_who_wait) {
  Questions questions(100, {});
  add(questions, 7, 1);
  add(questions, 7, 2);
  add(questions, 8, 3);
  ASSERT_TRUE(questions.has_unsent(0));
  EXPECT_EQ(questions.take_batch(1, 10), (Keys{7, 8}));
  add(questions, 7, 4);
  EXPECT_FALSE(questions.has_unsent(0));
  EXPECT_EQ(questions.answered(1), (Keys{7, 8}));
  EXPECT_EQ(finish(questions, 7), (Tags{1, 2, 4}));
  EXPECT_EQ(finish(questions, 8), Tags{3});
  EXPECT_EQ(questions.waiting(), 0u);
  EXPECT_FALSE(questions.waits_for(7));
}

TEST(PendingAnswers, batches_are_limited_and_known_by_their_cookie) {
  Questions questions(100, {});
  for (uint32_t key = 0; key < 5; key++) add(questions, key, key);
  EXPECT_EQ(questions.take_batch(1, 2), (Keys{0, 1}));
  EXPECT_EQ(questions.take_batch(2, 2), (Keys{2, 3}));
  EXPECT_EQ(questions.batches_in_flight(), 2u);
  EXPECT_FALSE(questions.answered(3));
  EXPECT_EQ(questions.answered(2), (Keys{2, 3}));
  EXPECT_FALSE(questions.answered(2));
}

TEST(PendingAnswers, each_waiter_has_its_own_deadline) {
  Questions questions(100, {});
  add(questions, 7, 1, 100);
  add(questions, 7, 2, 200);
  EXPECT_EQ(questions.next_deadline_ns(), 100u);
  EXPECT_TRUE(expire(questions, 99).empty());
  EXPECT_EQ(expire(questions, 100), Tags{1});
  EXPECT_TRUE(questions.has_unsent(100));
  EXPECT_EQ(expire(questions, 500), Tags{2});
  EXPECT_FALSE(questions.has_unsent(500));
  EXPECT_FALSE(questions.waits_for(7));
}

TEST(PendingAnswers, answer_to_one_whose_waiters_expired_reaches_nobody_and_ends_it) {
  Questions questions(100, {});
  add(questions, 7, 1, 100);
  questions.take_batch(1, 10);
  EXPECT_EQ(expire(questions, 100), Tags{1});
  EXPECT_TRUE(questions.answered(1));
  EXPECT_TRUE(finish(questions, 7).empty());
  EXPECT_FALSE(questions.waits_for(7));
  // The same for one that would be asked again, and for a lost connection.
  add(questions, 8, 2, 100);
  questions.take_batch(2, 10);
  expire(questions, 100);
  questions.answered(2);
  questions.ask_later(8, 0);
  EXPECT_FALSE(questions.has_unsent(1000));
  add(questions, 9, 3, 100);
  questions.take_batch(3, 10);
  expire(questions, 100);
  questions.requeue();
  EXPECT_FALSE(questions.has_unsent(1000));
  EXPECT_FALSE(questions.waits_for(8) || questions.waits_for(9));
}

TEST(PendingAnswers, lost_connection_puts_all_that_was_in_flight_back) {
  Questions questions(100, {});
  for (uint32_t key = 0; key < 4; key++) add(questions, key, key);
  questions.take_batch(1, 2);
  questions.requeue();
  EXPECT_FALSE(questions.answered(1));
  Keys again = questions.take_batch(2, 10);
  std::sort(again.begin(), again.end());
  EXPECT_EQ(again, (Keys{0, 1, 2, 3}));
}

TEST(PendingAnswers, asked_later_is_sent_at_its_time_and_not_before) {
  Questions questions(100, {});
  add(questions, 7, 1);
  questions.take_batch(1, 10);
  questions.answered(1);
  EXPECT_EQ(questions.attempts(7), 0u);
  questions.ask_later(7, 50);
  EXPECT_EQ(questions.attempts(7), 1u);
  EXPECT_EQ(questions.next_deadline_ns(), 50u);
  EXPECT_FALSE(questions.has_unsent(49));
  ASSERT_TRUE(questions.has_unsent(50));
  EXPECT_EQ(questions.take_batch(2, 10), Keys{7});
}

TEST(PendingAnswers, key_that_expired_and_is_asked_again_is_sent_once) {
  Questions questions(100, {});
  add(questions, 7, 1, 10);
  expire(questions, 10);
  add(questions, 7, 2);
  EXPECT_EQ(questions.take_batch(1, 10), Keys{7});
  EXPECT_FALSE(questions.has_unsent(10));
}

TEST(PendingAnswers, refuses_more_than_the_limit) {
  Questions questions(2, {});
  add(questions, 1, 1);
  add(questions, 1, 2);
  const auto refused = questions.add(2, 3, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
  EXPECT_FALSE(questions.waits_for(2));
}

TEST(PendingAnswers, every_question_ends_exactly_once_whatever_happens) {
  std::mt19937_64 random(test_seed());
  Questions questions(500, {});
  std::set<uint64_t> open;
  uint64_t next_tag = 0;
  uint64_t next_cookie = 0;
  std::vector<uint64_t> cookies;
  Keys batch;
  const auto end = [&](const Tags& tags) {
    for (const uint64_t tag : tags) EXPECT_EQ(open.erase(tag), 1u) << "tag " << tag;
  };
  uint64_t now_ns = 0;
  for (int step = 0; step < 50'000; step++) {
    now_ns++;
    const auto key = static_cast<uint32_t>(random() % 40);
    switch (random() % 6) {
      case 0:
      case 1:
        if (questions.add(key, next_tag, now_ns + random() % 60)) open.insert(next_tag++);
        break;
      case 2:
        if (!questions.has_unsent(now_ns)) break;
        cookies.push_back(++next_cookie);
        questions.take_batch(next_cookie, random() % 8 + 1);
        break;
      case 3:
        if (cookies.empty()) break;
        batch = questions.answered(cookies.back()).value();
        for (const uint32_t answered : batch) {
          if (random() % 3 == 0)
            questions.ask_later(answered, now_ns + random() % 20);
          else
            end(finish(questions, answered));
        }
        cookies.pop_back();
        break;
      case 4: end(expire(questions, now_ns)); break;
      case 5:
        if (random() % 20 != 0) break;
        questions.requeue();
        cookies.clear();
        break;
    }
    ASSERT_EQ(questions.waiting(), open.size());
  }
  end(expire(questions, kForeverNs - 1));
  EXPECT_TRUE(open.empty());
}

}  // namespace
}  // namespace obj::directory
