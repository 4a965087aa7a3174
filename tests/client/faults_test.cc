// SPDX-License-Identifier: Apache-2.0
// tests/client/faults_test.cc -- daemons that die, freeze or talk nonsense: every call ends, and
// memory that the daemon may still write to is not used for anything else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <obj/obj.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/client/support/fake_daemon.hh"
#include "tests/client/support/open_client.hh"

namespace obj::test {
namespace {

using session::Completion;
using session::Outcome;
using session::Request;
using session::RequestOp;
using testing::AnyOf;
using testing::HasSubstr;

constexpr uint64_t kGraceMs = 30;

class FaultsTest : public testing::Test {
 protected:
  FakeDaemon daemon_;
  obj_id id_ = id_named("an object");

  // Waits until the daemon has taken in `count` requests of that kind.
  void await_request(RequestOp op, uint32_t count = 1) {
    while (daemon_.seen(op) < count) std::this_thread::yield();
  }
};

TEST_F(FaultsTest, every_call_in_flight_ends_when_the_daemon_dies) {
  const ClientHandle client = open_client(daemon_.path());
  constexpr int kThreads = 3;
  std::vector<std::thread> threads;
  std::atomic<int> disconnected{0};
  for (int i = 0; i < kThreads; i++) {
    threads.emplace_back([&, i] {
      const obj_id id = id_named("absent " + std::to_string(i));
      obj_view view;
      disconnected += obj_get(client.get(), &id, OBJ_FOREVER, &view) == OBJ_EDISCONNECTED ? 1 : 0;
    });
  }
  obj_request* request = nullptr;
  obj_view view;
  ASSERT_EQ(obj_get_async(client.get(), &id_, OBJ_FOREVER, &view, &request), OBJ_OK);
  await_request(RequestOp::kGet, kThreads + 1);
  daemon_.die();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(disconnected, kThreads);
  int status = 0;
  EXPECT_EQ(obj_wait_all(client.get(), &request, 1, OBJ_FOREVER, &status), OBJ_EDISCONNECTED);
  EXPECT_EQ(status, OBJ_EDISCONNECTED);
}

TEST_F(FaultsTest, a_thread_that_only_tests_notices_the_death_too) {
  const ClientHandle client = open_client(daemon_.path());
  obj_request* request = nullptr;
  obj_view view;
  ASSERT_EQ(obj_get_async(client.get(), &id_, OBJ_FOREVER, &view, &request), OBJ_OK);
  await_request(RequestOp::kGet);
  daemon_.die();
  int done = 0;
  int status = 0;
  while (done == 0) ASSERT_EQ(obj_test(client.get(), &request, &done, &status), OBJ_OK);
  EXPECT_EQ(status, OBJ_EDISCONNECTED);
}

TEST_F(FaultsTest, after_the_death_calls_fail_at_once_and_releases_work) {
  const ClientHandle client = open_client(daemon_.path());
  ASSERT_EQ(put(client, id_, "bytes"), OBJ_OK);
  obj_view view;
  ASSERT_EQ(obj_get(client.get(), &id_, 0, &view), OBJ_OK);
  const obj_id other = id_named("other");
  obj_buffer buffer;
  ASSERT_EQ(obj_create(client.get(), &other, 10, 0, 0, &buffer), OBJ_OK);
  daemon_.die();
  EXPECT_EQ(put(client, id_named("new"), "x", {}, OBJ_FOREVER), OBJ_EDISCONNECTED);
  obj_view another;
  EXPECT_EQ(obj_get(client.get(), &id_, 0, &another), OBJ_EDISCONNECTED);
  EXPECT_THAT(obj_last_error(), HasSubstr("objd"));
  EXPECT_EQ(obj_delete(client.get(), &id_), OBJ_EDISCONNECTED);
  EXPECT_EQ(obj_seal(client.get(), &buffer), OBJ_EDISCONNECTED);
  EXPECT_EQ(buffer.data, nullptr);
  size_t needed = 0;
  EXPECT_EQ(obj_status(client.get(), 0, nullptr, 0, &needed), OBJ_EDISCONNECTED);
  EXPECT_EQ(data_of(view), "bytes");
  EXPECT_EQ(obj_release(client.get(), &view), OBJ_OK);
}

TEST_F(FaultsTest, what_completed_before_the_death_is_a_success) {
  const ClientHandle client = open_client(daemon_.path());
  obj_request* request = nullptr;
  ASSERT_EQ(obj_put_async(client.get(), &id_, "bytes", 5, nullptr, 0, 0, &request), OBJ_OK);
  await_request(RequestOp::kPutInline);
  daemon_.die();  // takes the lock that it held while it answered
  int status = 77;
  EXPECT_EQ(obj_wait_all(client.get(), &request, 1, OBJ_FOREVER, &status), OBJ_OK);
  EXPECT_EQ(status, OBJ_OK);
}

TEST_F(FaultsTest, finite_calls_give_up_on_a_frozen_daemon) {
  const ClientHandle client = open_impatient(daemon_.path(), kGraceMs);
  daemon_.freeze();
  obj_view view;
  obj_buffer buffer;
  obj_info info;
  int present = 7;
  uint8_t ready = 0;
  size_t ready_count = 0;
  EXPECT_EQ(obj_get(client.get(), &id_, 5, &view), OBJ_ETIMEOUT);
  EXPECT_THAT(obj_last_error(), HasSubstr("does not answer"));
  EXPECT_EQ(put(client, id_, "bytes", {}, 5), OBJ_ETIMEOUT);
  EXPECT_EQ(put(client, id_, std::string(100'000, 'x'), {}, 5), OBJ_ETIMEOUT);
  EXPECT_EQ(obj_create(client.get(), &id_, 10, 0, 5, &buffer), OBJ_ETIMEOUT);
  EXPECT_EQ(obj_contains(client.get(), &id_, &present), OBJ_ETIMEOUT);
  EXPECT_EQ(obj_delete(client.get(), &id_), OBJ_ETIMEOUT);
  EXPECT_EQ(obj_stat(client.get(), &id_, &info), OBJ_ETIMEOUT);
  EXPECT_EQ(obj_wait(client.get(), &id_, 1, 1, 5, &ready, &ready_count), OBJ_ETIMEOUT);
  int status = 0;
  EXPECT_EQ(obj_get_many(client.get(), &id_, 1, 5, &view, &status), OBJ_ETIMEOUT);
  size_t needed = 0;
  EXPECT_EQ(obj_status(client.get(), 0, nullptr, 0, &needed), OBJ_ETIMEOUT);
  EXPECT_EQ(present, 7);
  daemon_.thaw();
}

TEST_F(FaultsTest, what_was_given_up_leaves_nothing_behind_when_the_daemon_thaws) {
  const ClientHandle client = open_impatient(daemon_.path(), kGraceMs);
  const obj_id present = id_named("present");
  const uint32_t slot = daemon_.add_object(object_id(present), "here", "");
  daemon_.table().unlink(slot);  // so that the get must ask
  daemon_.freeze();
  obj_view view{};
  obj_buffer buffer{};
  std::string large(100'000, 'x');
  EXPECT_EQ(obj_get(client.get(), &present, 5, &view), OBJ_ETIMEOUT);
  EXPECT_EQ(obj_create(client.get(), &id_, 10, 0, 5, &buffer), OBJ_ETIMEOUT);
  EXPECT_EQ(put(client, id_named("large"), large, {}, 5), OBJ_ETIMEOUT);
  large.assign(large.size(), '!');  // the user's memory is the user's again
  daemon_.thaw();

  // Both creates are granted to nobody, and given back.
  int present_now = 1;
  const obj_id other = id_named("other");
  while (daemon_.seen(RequestOp::kAbort) < 2) {
    ASSERT_EQ(obj_contains(client.get(), &other, &present_now), OBJ_OK);
  }
  obj_info info;
  EXPECT_EQ(obj_stat(client.get(), &id_, &info), OBJ_ENOTFOUND);
  const obj_id large_id = id_named("large");
  EXPECT_EQ(obj_stat(client.get(), &large_id, &info), OBJ_ENOTFOUND);
  // The pin that the daemon set for the get that nobody waited for is cleared, and all cells are
  // free.
  EXPECT_EQ(daemon_.segment().pins_held(), 0u);
  ASSERT_EQ(put(client, id_, "bytes"), OBJ_OK);
  std::vector<obj_view> views(64);
  for (obj_view& held : views) ASSERT_EQ(obj_get(client.get(), &id_, 0, &held), OBJ_OK);
  EXPECT_EQ(obj_release_many(client.get(), views.data(), views.size()), OBJ_OK);
}

TEST_F(FaultsTest, a_cell_of_a_get_that_was_given_up_stays_taken_until_its_completion) {
  const ClientHandle client = open_impatient(daemon_.path(), kGraceMs);
  ASSERT_EQ(put(client, id_, "bytes"), OBJ_OK);
  const obj_id absent = id_named("absent");
  daemon_.freeze();
  obj_view view{};
  EXPECT_EQ(obj_get(client.get(), &absent, 5, &view), OBJ_ETIMEOUT);
  std::vector<obj_view> views(64);
  size_t got = 0;
  for (obj_view& held : views) got += obj_get(client.get(), &id_, 0, &held) == OBJ_OK ? 1u : 0u;
  EXPECT_EQ(got, 63u);
  daemon_.thaw();
  EXPECT_EQ(obj_release_many(client.get(), views.data(), views.size()), OBJ_OK);
}

TEST_F(FaultsTest, tags_of_a_frozen_daemon_run_out_and_calls_still_end) {
  FakeDaemon small({.requests_max = 16, .pins_max = 64, .slots = 64, .arena_bytes = 1 << 20});
  const ClientHandle client = open_impatient(small.path(), 1);
  small.freeze();
  for (int i = 0; i < 16; i++) EXPECT_EQ(put(client, id_, "bytes"), OBJ_ETIMEOUT);
  EXPECT_EQ(put(client, id_, "bytes"), OBJ_ELIMIT);
  EXPECT_THAT(obj_last_error(), HasSubstr("16 operations"));
  small.thaw();
  // The first of them did happen after all.
  EXPECT_EQ(put(client, id_, "bytes", {}, OBJ_FOREVER), OBJ_EEXISTS);
}

TEST_F(FaultsTest, wait_all_with_a_time_limit_gives_up_on_a_frozen_daemon_and_requests_stay_valid) {
  const ClientHandle client = open_client(daemon_.path());
  daemon_.freeze();
  obj_request* request = nullptr;
  ASSERT_EQ(obj_put_async(client.get(), &id_, "bytes", 5, nullptr, 0, 0, &request), OBJ_OK);
  EXPECT_EQ(obj_wait_all(client.get(), &request, 1, 10, nullptr), OBJ_ETIMEOUT);
  daemon_.thaw();
  EXPECT_EQ(obj_wait_all(client.get(), &request, 1, OBJ_FOREVER, nullptr), OBJ_OK);
}

TEST_F(FaultsTest, a_client_may_close_with_everything_in_flight) {
  {
    const ClientHandle client = open_impatient(daemon_.path(), 1);
    daemon_.freeze();
    obj_view view{};
    obj_request* request = nullptr;
    EXPECT_EQ(obj_get(client.get(), &id_, 1, &view), OBJ_ETIMEOUT);
    ASSERT_EQ(obj_get_async(client.get(), &id_, OBJ_FOREVER, &view, &request), OBJ_OK);
  }
  daemon_.thaw();
}

// ---- nonsense ----------------------------------------------------------------------------------

// A daemon with a bug: each answer ends the session instead of becoming a wild pointer.
class NonsenseTest : public FaultsTest {
 protected:
  void answer_with(std::function<void(const Request&, Completion&)> change) {
    daemon_.answer = [change = std::move(change)](const Request& request) {
      Completion completion{};
      completion.tag = request.tag;
      change(request, completion);
      return std::optional(completion);
    };
  }
};

TEST_F(NonsenseTest, a_get_outside_the_arena_ends_the_session) {
  answer_with([&](const Request& request, Completion& completion) {
    daemon_.segment().pin_cell(request.get.pin_cell) = make_pin(0, 1);
    completion.generation = 1;
    completion.offset = uint64_t{1} << 40;
    completion.data_bytes = 5;
  });
  const ClientHandle client = open_client(daemon_.path());
  obj_view view{};
  EXPECT_EQ(obj_get(client.get(), &id_, 0, &view), OBJ_EDISCONNECTED);
  EXPECT_EQ(view.data, nullptr);
  EXPECT_EQ(put(client, id_, "bytes"), OBJ_EDISCONNECTED);
}

TEST_F(NonsenseTest, a_create_outside_the_arena_ends_the_session) {
  answer_with([](const Request&, Completion& completion) { completion.offset = UINT64_MAX - 63; });
  const ClientHandle client = open_client(daemon_.path());
  obj_buffer buffer{};
  EXPECT_EQ(obj_create(client.get(), &id_, 100, 0, 0, &buffer), OBJ_EDISCONNECTED);
  EXPECT_EQ(buffer.data, nullptr);
}

TEST_F(NonsenseTest, a_large_put_placed_outside_the_arena_writes_nothing) {
  answer_with([](const Request&, Completion& completion) { completion.offset = (16 << 20) - 64; });
  const ClientHandle client = open_client(daemon_.path());
  EXPECT_EQ(put(client, id_, std::string(100'000, 'x')), OBJ_EDISCONNECTED);
}

TEST_F(NonsenseTest, a_completion_of_nothing_ends_the_session) {
  answer_with(
      [](const Request& request, Completion& completion) { completion.tag = request.tag ^ 1; });
  const ClientHandle client = open_client(daemon_.path());
  EXPECT_EQ(obj_delete(client.get(), &id_), OBJ_EDISCONNECTED);
}

TEST_F(NonsenseTest, an_unknown_outcome_ends_the_session) {
  answer_with([](const Request&, Completion& completion) {
    completion.outcome = static_cast<Outcome>(4711);
  });
  const ClientHandle client = open_client(daemon_.path());
  EXPECT_EQ(obj_delete(client.get(), &id_), OBJ_EDISCONNECTED);
}

TEST_F(NonsenseTest, a_ring_position_that_cannot_be_ends_the_session) {
  const ClientHandle client = open_client(daemon_.path());
  ASSERT_EQ(put(client, id_, "bytes"), OBJ_OK);
  daemon_.freeze();
  daemon_.segment().header().completions.tail += 1000;
  EXPECT_EQ(obj_delete(client.get(), &id_), OBJ_EDISCONNECTED);
  daemon_.thaw();
  daemon_.die();
}

TEST_F(NonsenseTest, a_table_entry_outside_the_arena_is_not_viewed) {
  const ClientHandle client = open_client(daemon_.path());
  daemon_.table().publish(9, object_id(id_), 1, SlotState::kSealed, 15 << 20, 2 << 20, 0);
  obj_view view{};
  EXPECT_EQ(obj_get(client.get(), &id_, 0, &view), OBJ_ENOTFOUND);
  EXPECT_EQ(view.data, nullptr);
}

}  // namespace
}  // namespace obj::test
