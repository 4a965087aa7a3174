// SPDX-License-Identifier: Apache-2.0
// tests/client/waiting_test.cc -- obj_get_many() and obj_wait(): batches, limits, leftovers.
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

using session::RequestOp;
using testing::Each;
using testing::ElementsAre;

constexpr FakeSizes kSizes{
    .requests_max = 16, .pins_max = 64, .slots = 256, .arena_bytes = 4 << 20};

class WaitingTest : public testing::Test {
 protected:
  FakeDaemon daemon_{kSizes};
  ClientHandle client_ = open_client(daemon_.path());

  static std::vector<obj_id> ids(size_t count, const std::string& prefix = "id ") {
    std::vector<obj_id> made;
    for (size_t i = 0; i < count; i++) made.push_back(id_named(prefix + std::to_string(i)));
    return made;
  }
  void add(const obj_id& id) { daemon_.add_object(object_id(id), "bytes", ""); }
  // Until as many operations are in flight as there are tags, all held by this call: so no other,
  // left over, holds one any more.
  void await_all_tags() {
    std::vector<obj_request*> requests(kSizes.requests_max);
    std::vector<obj_view> views(kSizes.requests_max);
    const obj_id id = id_named("nothing");
    for (size_t i = 0; i < requests.size(); i++) {
      int status;
      do {
        status = obj_get_async(client_.get(), &id, OBJ_FOREVER, &views[i], &requests[i]);
      } while (status == OBJ_ELIMIT);
      ASSERT_EQ(status, OBJ_OK);
    }
    for (obj_request* request : requests) EXPECT_EQ(obj_cancel(client_.get(), request), OBJ_OK);
    EXPECT_EQ(obj_wait_all(client_.get(), requests.data(), requests.size(), OBJ_FOREVER, nullptr),
              OBJ_ECANCELLED);
  }
};

TEST_F(WaitingTest, get_many_gets_hits_and_misses_and_says_which) {
  const auto all = ids(5);
  add(all[1]);
  add(all[3]);
  std::vector<obj_view> views(5);
  std::vector<int> statuses(5, 77);
  EXPECT_EQ(obj_get_many(client_.get(), all.data(), 5, 0, views.data(), statuses.data()),
            OBJ_ENOTFOUND);
  EXPECT_THAT(statuses, ElementsAre(OBJ_ENOTFOUND, OBJ_OK, OBJ_ENOTFOUND, OBJ_OK, OBJ_ENOTFOUND));
  EXPECT_THAT(obj_last_error(), testing::HasSubstr("3 of 5"));
  EXPECT_EQ(daemon_.seen(RequestOp::kGet), 3u);
  EXPECT_EQ(daemon_.segment().pins_held(), 2u);
  EXPECT_EQ(obj_release(client_.get(), &views[1]), OBJ_OK);
  EXPECT_EQ(obj_release(client_.get(), &views[3]), OBJ_OK);
}

TEST_F(WaitingTest, get_many_gets_duplicates_one_view_each) {
  std::vector<obj_id> same(3, id_named("one"));
  add(same[0]);
  std::vector<obj_view> views(3);
  std::vector<int> statuses(3);
  EXPECT_EQ(obj_get_many(client_.get(), same.data(), 3, 0, views.data(), statuses.data()), OBJ_OK);
  EXPECT_EQ(daemon_.segment().pins_held(), 3u);
  EXPECT_EQ(obj_release_many(client_.get(), views.data(), 3), OBJ_OK);
  EXPECT_EQ(daemon_.segment().pins_held(), 0u);
}

TEST_F(WaitingTest, get_many_asks_for_more_than_requests_max_without_overrunning_the_daemon) {
  const auto all = ids(50);
  for (const obj_id& id : all) add(id);
  for (uint32_t slot = 0; slot < 50; slot++) daemon_.table().unlink(slot);  // all must be asked for
  std::vector<obj_view> views(50);
  std::vector<int> statuses(50);
  ASSERT_EQ(obj_get_many(client_.get(), all.data(), 50, 1000, views.data(), statuses.data()),
            OBJ_OK)
      << obj_last_error();
  EXPECT_EQ(daemon_.seen(RequestOp::kGet), 50u);
  EXPECT_LE(daemon_.most_in_flight(), kSizes.requests_max);
  for (const obj_view& view : views) EXPECT_EQ(data_of(view), "bytes");
  EXPECT_EQ(obj_release_many(client_.get(), views.data(), 50), OBJ_OK);
}

TEST_F(WaitingTest, get_many_beyond_pins_max_gets_what_it_can) {
  std::vector<obj_id> same(70, id_named("one"));
  add(same[0]);
  std::vector<obj_view> views(70);
  std::vector<int> statuses(70);
  EXPECT_EQ(obj_get_many(client_.get(), same.data(), 70, 0, views.data(), statuses.data()),
            OBJ_ELIMIT);
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), OBJ_OK), 64);
  for (size_t i = 0; i < 70; i++) {
    if (statuses[i] == OBJ_OK) {
      EXPECT_EQ(obj_release(client_.get(), &views[i]), OBJ_OK);
    }
  }
}

TEST_F(WaitingTest, get_many_of_nothing_is_a_success) {
  EXPECT_EQ(obj_get_many(client_.get(), nullptr, 0, 0, nullptr, nullptr), OBJ_OK);
}

TEST_F(WaitingTest, get_many_waits_for_all_that_are_late) {
  const auto all = ids(3);
  std::thread putter([&] {
    for (uint32_t i = 0; i < 3; i++) {
      while (daemon_.seen(RequestOp::kGet) < 3) std::this_thread::yield();
      add(all[i]);
    }
  });
  std::vector<obj_view> views(3);
  std::vector<int> statuses(3);
  EXPECT_EQ(obj_get_many(client_.get(), all.data(), 3, OBJ_FOREVER, views.data(), statuses.data()),
            OBJ_OK);
  putter.join();
  EXPECT_EQ(obj_release_many(client_.get(), views.data(), 3), OBJ_OK);
}

TEST_F(WaitingTest, wait_returns_at_once_with_enough_in_the_table) {
  const auto all = ids(3);
  add(all[0]);
  add(all[2]);
  std::vector<uint8_t> ready(3, 9);
  size_t ready_count = 0;
  EXPECT_EQ(obj_wait(client_.get(), all.data(), 3, 2, OBJ_FOREVER, ready.data(), &ready_count),
            OBJ_OK);
  EXPECT_THAT(ready, ElementsAre(1, 0, 1));
  EXPECT_EQ(ready_count, 2u);
  EXPECT_EQ(daemon_.seen(RequestOp::kWait), 0u);
}

TEST_F(WaitingTest, wait_for_k_of_n_ends_with_the_kth_and_cancels_the_rest) {
  const auto all = ids(10);
  add(all[0]);
  std::thread putter([&] {
    while (daemon_.seen(RequestOp::kWait) < 9) std::this_thread::yield();
    add(all[4]);
    add(all[7]);
  });
  std::vector<uint8_t> ready(10);
  size_t ready_count = 0;
  EXPECT_EQ(obj_wait(client_.get(), all.data(), 10, 3, OBJ_FOREVER, ready.data(), &ready_count),
            OBJ_OK);
  putter.join();
  EXPECT_EQ(ready_count, 3u);
  EXPECT_EQ(ready[0] + ready[4] + ready[7], 3);
  await_all_tags();
  EXPECT_EQ(daemon_.seen(RequestOp::kCancel), 7u + kSizes.requests_max);
}

TEST_F(WaitingTest, wait_that_runs_out_of_time_says_what_is_here) {
  const auto all = ids(3);
  add(all[1]);
  std::vector<uint8_t> ready(3, 9);
  size_t ready_count = 9;
  EXPECT_EQ(obj_wait(client_.get(), all.data(), 3, 2, 20, ready.data(), &ready_count),
            OBJ_ETIMEOUT);
  EXPECT_THAT(ready, ElementsAre(0, 1, 0));
  EXPECT_EQ(ready_count, 1u);
  await_all_tags();
}

TEST_F(WaitingTest, wait_asks_the_daemon_once_even_without_time) {
  const auto all = ids(2);
  for (const obj_id& id : all) add(id);
  for (uint32_t slot = 0; slot < 2; slot++) daemon_.table().unlink(slot);
  std::vector<uint8_t> ready(2);
  size_t ready_count = 0;
  EXPECT_EQ(obj_wait(client_.get(), all.data(), 2, 2, 0, ready.data(), &ready_count), OBJ_OK);
  int present = 0;
  EXPECT_EQ(obj_contains(client_.get(), &all[0], &present), OBJ_OK);
  EXPECT_EQ(present, 1);
}

TEST_F(WaitingTest, wait_counts_a_duplicate_for_each_time_it_is_named) {
  std::vector<obj_id> all{id_named("one"), id_named("one"), id_named("other")};
  std::thread putter([&] {
    while (daemon_.seen(RequestOp::kWait) < 3) std::this_thread::yield();
    add(all[0]);
  });
  std::vector<uint8_t> ready(3);
  size_t ready_count = 0;
  EXPECT_EQ(obj_wait(client_.get(), all.data(), 3, 2, OBJ_FOREVER, ready.data(), &ready_count),
            OBJ_OK);
  EXPECT_THAT(ready, ElementsAre(1, 1, 0));
  putter.join();
}

TEST_F(WaitingTest, wait_refuses_what_it_cannot_do) {
  const auto all = ids(17);
  std::vector<uint8_t> ready(17);
  size_t ready_count = 0;
  EXPECT_EQ(obj_wait(client_.get(), all.data(), 17, 18, 0, ready.data(), &ready_count), OBJ_EINVAL);
  EXPECT_EQ(obj_wait(client_.get(), all.data(), 17, 1, 0, ready.data(), &ready_count), OBJ_ELIMIT);
  EXPECT_EQ(obj_wait(client_.get(), all.data(), 17, 0, 0, ready.data(), &ready_count), OBJ_OK);
  EXPECT_EQ(ready_count, 0u);
  EXPECT_EQ(obj_wait(client_.get(), nullptr, 0, 0, 0, nullptr, &ready_count), OBJ_OK);
}

// Two threads that each want most of the tags must not end up with half of them each.
TEST_F(WaitingTest, waits_of_many_objects_at_once_do_not_block_each_other) {
  const auto one = ids(12, "one ");
  const auto other = ids(12, "other ");
  const auto wait_for = [&](const std::vector<obj_id>& all) {
    for (int i = 0; i < 50; i++) {
      std::vector<uint8_t> ready(all.size());
      size_t ready_count = 0;
      EXPECT_EQ(obj_wait(client_.get(), all.data(), all.size(), 1, 1, ready.data(), &ready_count),
                OBJ_ETIMEOUT)
          << obj_last_error();
    }
  };
  std::thread first([&] { wait_for(one); });
  std::thread second([&] { wait_for(other); });
  first.join();
  second.join();
  await_all_tags();
}

}  // namespace
}  // namespace obj::test
