// SPDX-License-Identifier: Apache-2.0
// tests/node/local_service_test.cc -- what clients are answered, with a fake clock and fake
// sessions.
//
// The store, the table and the admission queue are real, over a small arena; the test is the client
// and the clock.
#include "node/local_service.hh"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "store/object_table.hh"
#include "store/shared/pin_cell.hh"

namespace obj {
namespace {

using session::Completion;
using session::Outcome;

constexpr uint64_t kArenaBytes = 64 * 1024;
constexpr uint64_t kMs = 1'000'000;

// Keeps what is answered; its pins are what tests put there or the service sets.
class FakeSessions : public Readers, public Answers {
 public:
  void collect_pins(std::vector<HeldPin>& out) override {
    for (const auto& [cell, pin] : pins) out.push_back(pin);
  }
  void collect_touches(std::vector<uint32_t>&) override {}
  void want_releases(bool wanted) override { releases_wanted = wanted; }

  void complete(SessionId session, const Completion& completion,
                const std::string& detail) override {
    answers.push_back({session, completion, detail});
  }
  void set_pin(SessionId session, uint32_t pin_cell, ObjectRef ref) override {
    pins[{session, pin_cell}] = {make_pin(ref.slot, ref.generation), session};
  }
  std::string describe(SessionId session) const override {
    return "pid " + std::to_string(100 + session);
  }
  int32_t pid(SessionId session) const override {
    return session == 0 ? 0 : 100 + static_cast<int32_t>(session);
  }

  struct Answer {
    SessionId session;
    Completion completion;
    std::string detail;
  };
  std::deque<Answer> answers;
  std::map<std::pair<SessionId, uint32_t>, HeldPin> pins;
  bool releases_wanted = false;
};

class LocalServiceTest : public ::testing::Test {
 protected:
  explicit LocalServiceTest(uint32_t slot_count = 64, uint64_t arena_bytes = kArenaBytes)
      : table_(ObjectTable::create(
                   {.slot_count = slot_count, .incarnation = 1, .arena_bytes = arena_bytes})
                   .value()),
        arena_(arena_bytes),
        staging_(session::kStagingBlockBytes),
        store_(table_, arena_bytes, sessions_),
        admission_(store_),
        service_(store_, admission_, sessions_, sessions_, arena_) {}

  void ask(SessionId session, uint32_t tag, const Operation& operation, bool read_only = false) {
    service_.handle({session, read_only, staging_}, tag, operation, now_ns_);
    service_.advance(now_ns_);
  }
  void pass(uint64_t ns) {
    now_ns_ += ns;
    service_.advance(now_ns_);
  }

  // The oldest answer, which must be for this session and tag.
  FakeSessions::Answer answer(SessionId session, uint32_t tag) {
    EXPECT_FALSE(sessions_.answers.empty()) << "no answer for tag " << tag;
    if (sessions_.answers.empty()) return {};
    const auto first = sessions_.answers.front();
    sessions_.answers.pop_front();
    EXPECT_EQ(first.session, session);
    EXPECT_EQ(first.completion.tag, tag);
    return first;
  }
  Outcome outcome(SessionId session, uint32_t tag) {
    return answer(session, tag).completion.outcome;
  }
  bool silent() const { return sessions_.answers.empty(); }

  static ObjectId id_of(uint8_t n) {
    ObjectId id;
    id.bytes[0] = n;
    return id;
  }
  void put(uint8_t id, uint64_t data_bytes) {
    const auto created = store_.create({id_of(id), data_bytes, 0, 9});
    ASSERT_TRUE(created.has_value());
    ASSERT_TRUE(store_.seal(created->ref, 9).has_value());
  }
  // Views object `id` in session 8, cell `id`.
  void view(uint8_t id) {
    ask(8, id, op::Get{id_of(id), 0, id});
    ASSERT_EQ(outcome(8, id), Outcome::kOk);
  }

  FakeSessions sessions_;
  ObjectTable table_;
  std::vector<std::byte> arena_;
  std::vector<std::byte> staging_;
  ObjectStore store_;
  Admission admission_;
  LocalService service_;
  uint64_t now_ns_ = 1'000 * kMs;
};

TEST_F(LocalServiceTest, puts_inline_bytes_where_it_says) {
  std::memcpy(staging_.data(), "hello", 5);
  std::memcpy(staging_.data() + 8, "meta", 4);
  ask(1, 3, op::PutInline{id_of(1), 5, 4, 0});
  const auto sealed = answer(1, 3).completion;
  ASSERT_EQ(sealed.outcome, Outcome::kOk);
  EXPECT_EQ(std::memcmp(arena_.data() + sealed.offset, "hello", 5), 0);
  EXPECT_EQ(std::memcmp(arena_.data() + sealed.offset + 8, "meta", 4), 0);
  EXPECT_TRUE(store_.find_sealed(id_of(1)).has_value());
}

TEST_F(LocalServiceTest, answers_a_get_that_waits_when_the_object_is_sealed_and_pins_it_first) {
  ask(2, 7, op::Get{id_of(1), -1, 5});
  EXPECT_TRUE(silent());
  ask(1, 1, op::Create{id_of(1), 100, 0, 0});
  const auto created = answer(1, 1).completion;
  EXPECT_TRUE(silent());  // not sealed: the get goes on waiting
  ask(1, 2, op::Seal{{created.slot, created.generation}});
  const auto got = answer(2, 7).completion;
  EXPECT_EQ(got.outcome, Outcome::kOk);
  EXPECT_EQ(got.offset, created.offset);
  EXPECT_EQ((sessions_.pins[{2, 5}].word), make_pin(created.slot, created.generation));
  EXPECT_EQ(outcome(1, 2), Outcome::kOk);
}

TEST_F(LocalServiceTest, tells_absent_from_late_when_a_get_runs_out_of_time) {
  ask(1, 1, op::Create{id_of(1), 100, 0, 0});
  EXPECT_EQ(outcome(1, 1), Outcome::kOk);
  ask(2, 1, op::Get{id_of(1), 5, 0});
  ask(2, 2, op::Get{id_of(2), 5, 1});
  pass(5 * kMs - 1);
  EXPECT_TRUE(silent());
  EXPECT_EQ(service_.next_deadline_ns(), now_ns_ + 1);
  pass(1);
  EXPECT_EQ(outcome(2, 1), Outcome::kTimeout);
  EXPECT_EQ(outcome(2, 2), Outcome::kNotFound);
}

TEST_F(LocalServiceTest, answers_a_timeout_of_zero_at_once) {
  ask(1, 1, op::Get{id_of(1), 0, 0});
  EXPECT_EQ(outcome(1, 1), Outcome::kNotFound);
  ask(1, 2, op::Wait{id_of(1), 0});
  EXPECT_EQ(outcome(1, 2), Outcome::kNotFound);
}

TEST_F(LocalServiceTest, grants_a_waiting_create_when_a_view_is_released) {
  put(1, kArenaBytes - 4096);
  view(1);
  ask(1, 1, op::Create{id_of(2), kArenaBytes - 8192, 0, 1000});
  EXPECT_TRUE(silent());
  EXPECT_TRUE(sessions_.releases_wanted);
  sessions_.pins.clear();
  service_.on_bell();
  pass(0);
  EXPECT_EQ(outcome(1, 1), Outcome::kOk);
  EXPECT_FALSE(sessions_.releases_wanted);
}

TEST_F(LocalServiceTest, notices_a_release_without_a_bell_within_10_ms) {
  put(1, kArenaBytes - 4096);
  view(1);
  ask(1, 1, op::Create{id_of(2), kArenaBytes - 8192, 0, -1});
  sessions_.pins.clear();
  EXPECT_LE(service_.next_deadline_ns(), now_ns_ + 10 * kMs);
  pass(10 * kMs);
  EXPECT_EQ(outcome(1, 1), Outcome::kOk);
}

TEST_F(LocalServiceTest, names_who_holds_the_memory_when_a_create_runs_out_of_time) {
  put(1, kArenaBytes - 4096);
  view(1);
  ask(1, 1, op::Create{id_of(2), kArenaBytes - 8192, 0, 20});
  pass(20 * kMs);
  const auto failed = answer(1, 1);
  EXPECT_EQ(failed.completion.outcome, Outcome::kOutOfMemory);
  EXPECT_NE(failed.detail.find("60 KiB in 1 viewed by pid 108"), std::string::npos)
      << failed.detail;
  EXPECT_FALSE(sessions_.releases_wanted);
  EXPECT_EQ(service_.next_deadline_ns(), kForeverNs);
}

TEST_F(LocalServiceTest, keeps_creates_in_order_and_sends_small_puts_behind_them) {
  put(1, kArenaBytes - 4096);
  view(1);
  ask(1, 1, op::Create{id_of(2), kArenaBytes - 8192, 0, -1});
  ask(1, 2, op::Create{id_of(3), 64, 0, -1});  // would fit
  EXPECT_TRUE(silent());
  ask(1, 3, op::PutInline{id_of(4), 10, 0, 0});
  EXPECT_EQ(outcome(1, 3), Outcome::kNoRoom);
  sessions_.pins.clear();
  service_.on_bell();
  pass(0);
  EXPECT_EQ(outcome(1, 1), Outcome::kOk);
  EXPECT_EQ(outcome(1, 2), Outcome::kOk);
}

TEST_F(LocalServiceTest, ends_what_a_session_waited_for_when_it_goes) {
  put(1, kArenaBytes - 4096);
  view(1);
  ask(1, 1, op::Create{id_of(2), kArenaBytes - 8192, 0, -1});
  ask(1, 2, op::Get{id_of(5), -1, 0});
  service_.end_session(1);
  EXPECT_EQ(service_.waiting_creates(), 0u);
  EXPECT_EQ(service_.waiting_gets(), 0u);
  sessions_.pins.clear();
  service_.on_bell();
  pass(100 * kMs);
  EXPECT_TRUE(silent());
}

TEST_F(LocalServiceTest, cancels_waiting_operations_and_ignores_cancels_of_others) {
  ask(1, 2, op::Get{id_of(5), -1, 0});
  ask(1, 0, op::Cancel{2});
  EXPECT_EQ(outcome(1, 2), Outcome::kCancelled);
  ask(1, 0, op::Cancel{2});
  EXPECT_TRUE(silent());
}

TEST_F(LocalServiceTest, refuses_writes_of_read_only_sessions) {
  put(1, 10);
  uint32_t tag = 0;
  for (const Operation& operation :
       {Operation(op::Create{id_of(2), 1, 0, 0}), Operation(op::PutInline{id_of(2), 1, 0, 0}),
        Operation(op::Delete{id_of(1)}), Operation(op::Pin{id_of(1), "me"}),
        Operation(op::Unpin{id_of(1), "me"})}) {
    ask(1, tag, operation, true);
    EXPECT_EQ(outcome(1, tag), Outcome::kReadOnly) << tag;
    tag++;
  }
  ask(1, tag, op::Get{id_of(1), 0, 0}, true);
  EXPECT_EQ(outcome(1, tag), Outcome::kOk);
}

TEST_F(LocalServiceTest, refuses_to_seal_or_abort_what_another_creates) {
  ask(1, 1, op::Create{id_of(1), 10, 0, 0});
  const auto created = answer(1, 1).completion;
  const ObjectRef ref{created.slot, created.generation};
  ask(2, 1, op::Seal{ref});
  EXPECT_EQ(outcome(2, 1), Outcome::kNotOwner);
  ask(2, 2, op::Abort{ref});
  EXPECT_EQ(outcome(2, 2), Outcome::kNotOwner);
  ask(1, 2, op::Seal{{63, 12345}});
  EXPECT_EQ(outcome(1, 2), Outcome::kNotFound);
  ask(1, 3, op::Seal{{UINT32_MAX, 1}});
  EXPECT_EQ(outcome(1, 3), Outcome::kNotFound);
  ask(1, 4, op::Abort{ref});
  EXPECT_EQ(outcome(1, 4), Outcome::kOk);
  ask(1, 5, op::Abort{ref});
  EXPECT_EQ(outcome(1, 5), Outcome::kNotFound);
}

TEST_F(LocalServiceTest, refuses_duplicates_and_what_can_never_fit) {
  put(1, 10);
  ask(1, 1, op::Create{id_of(1), 10, 0, -1});
  EXPECT_EQ(outcome(1, 1), Outcome::kExists);
  ask(1, 2, op::Create{id_of(2), kArenaBytes + 1, 0, -1});
  const auto too_large = answer(1, 2);
  EXPECT_EQ(too_large.completion.outcome, Outcome::kTooLarge);
  EXPECT_NE(too_large.detail.find("object_store_memory"), std::string::npos) << too_large.detail;
  ask(1, 3, op::Create{id_of(2), UINT64_MAX - 3, UINT32_MAX, -1});
  EXPECT_EQ(outcome(1, 3), Outcome::kTooLarge);
}

TEST_F(LocalServiceTest, describes_an_object_with_its_pins) {
  put(1, 10);
  view(1);
  ask(1, 1, op::Pin{id_of(1), "job-7"});
  EXPECT_EQ(outcome(1, 1), Outcome::kOk);
  ask(1, 2, op::Stat{id_of(1)});
  const auto stat = answer(1, 2).completion;
  EXPECT_EQ(stat.views, 1u);
  EXPECT_EQ(stat.owner_pins, 1u);
  EXPECT_EQ(stat.data_bytes, 10u);
  EXPECT_EQ(stat.creator_pid, 0);
  ask(1, 3, op::Unpin{id_of(1), "another"});
  EXPECT_EQ(outcome(1, 3), Outcome::kNotOwner);
  ask(1, 4, op::Stat{id_of(9)});
  EXPECT_EQ(outcome(1, 4), Outcome::kNotFound);
}

TEST_F(LocalServiceTest, gives_a_deleted_objects_memory_back_when_its_last_view_goes) {
  put(1, 4096);
  view(1);
  ask(1, 1, op::Delete{id_of(1)});
  EXPECT_EQ(outcome(1, 1), Outcome::kOk);
  EXPECT_EQ(store_.ledger().withdrawn.objects, 1u);
  EXPECT_TRUE(sessions_.releases_wanted);
  ask(1, 2, op::Get{id_of(1), 0, 9});
  EXPECT_EQ(outcome(1, 2), Outcome::kNotFound);
  put(1, 100);  // the id is free at once
  sessions_.pins.clear();
  service_.on_bell();
  pass(0);
  EXPECT_EQ(store_.ledger().withdrawn.objects, 0u);
  EXPECT_EQ(store_.ledger().sealed.objects, 1u);
  EXPECT_FALSE(sessions_.releases_wanted);
}

// Full of small objects, more than one turn evicts.
class CrowdedServiceTest : public LocalServiceTest {
 protected:
  static constexpr uint32_t kObjects = 4 * Admission::kEvictionsMax;
  CrowdedServiceTest() : LocalServiceTest(2 * kObjects, uint64_t{kObjects} * 64) {
    for (uint32_t number = 1; number <= kObjects; number++) {
      ObjectId id;
      std::memcpy(id.bytes.data() + 8, &number, sizeof number);
      const ObjectRef ref = store_.create({id, 64, 0, 9}).value().ref;
      store_.seal(ref, 9).value();
    }
  }
};

TEST_F(CrowdedServiceTest, serves_others_while_it_makes_room_for_a_huge_object) {
  ask(1, 1, op::Create{id_of(1), uint64_t{kObjects} * 64, 0, 0});
  EXPECT_TRUE(silent());
  EXPECT_LE(service_.next_deadline_ns(), now_ns_);  // not to sleep now
  ask(2, 7, op::Stat{id_of(2)});
  EXPECT_EQ(outcome(2, 7), Outcome::kNotFound);
  EXPECT_TRUE(silent());
  pass(0);
  EXPECT_EQ(outcome(1, 1), Outcome::kOk);
  EXPECT_GT(service_.next_deadline_ns(), now_ns_);
}

TEST_F(CrowdedServiceTest, forgets_the_huge_object_of_a_session_that_ends) {
  ask(1, 1, op::Create{id_of(1), uint64_t{kObjects} * 64, 0, -1});
  EXPECT_TRUE(silent());
  service_.end_session(1);
  pass(0);
  EXPECT_TRUE(silent());
  EXPECT_GT(service_.next_deadline_ns(), now_ns_);
  const uint64_t evicted = store_.counters().evicted.objects;
  pass(kMs);
  EXPECT_EQ(store_.counters().evicted.objects, evicted);
}

}  // namespace
}  // namespace obj
