// SPDX-License-Identifier: Apache-2.0
// tests/client/async_test.cc -- requests: started, tested, waited for, cancelled, collected once.
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
    .requests_max = 16, .pins_max = 64, .slots = 512, .arena_bytes = 32 << 20};

class AsyncTest : public testing::Test {
 protected:
  FakeDaemon daemon_{kSizes};
  ClientHandle client_ = open_client(daemon_.path());
  obj_id id_ = id_named("an object");

  obj_request* start_put(const obj_id& id, const std::string& data, int32_t timeout_ms = 0) {
    obj_request* request = nullptr;
    EXPECT_EQ(obj_put_async(client_.get(), &id, data.data(), data.size(), nullptr, 0, timeout_ms,
                            &request),
              OBJ_OK)
        << obj_last_error();
    return request;
  }
  // Tests until it is complete.
  int finish(obj_request*& request) {
    int done = 0;
    int status = 77;
    while (done == 0) EXPECT_EQ(obj_test(client_.get(), &request, &done, &status), OBJ_OK);
    EXPECT_EQ(request, nullptr);
    return status;
  }
  int wait_all(std::vector<obj_request*>& requests, int32_t timeout_ms,
               std::vector<int>& statuses) {
    return obj_wait_all(client_.get(), requests.data(), requests.size(), timeout_ms,
                        statuses.data());
  }
  std::string read(const obj_id& id) {
    obj_view view;
    if (obj_get(client_.get(), &id, 0, &view) != OBJ_OK) return obj_last_error();
    const std::string data = data_of(view);
    obj_release(client_.get(), &view);
    return data;
  }
};

TEST_F(AsyncTest, puts_small_and_large_complete_under_test) {
  const std::string large(2'000'000, 'L');
  for (const std::string& data : {std::string("small"), large}) {
    const obj_id id = id_named("of " + std::to_string(data.size()));
    obj_request* request = start_put(id, data);
    EXPECT_EQ(finish(request), OBJ_OK);
    EXPECT_EQ(read(id), data);
  }
}

TEST_F(AsyncTest, wait_all_completes_a_mix_of_everything) {
  const std::string large(3'000'000, 'L');
  daemon_.add_object(object_id(id_named("present")), "here", "");
  const obj_id present = id_named("present");
  obj_view hit{};
  obj_view miss{};
  obj_buffer buffer{};
  std::vector<obj_request*> requests(6, nullptr);
  requests[0] = start_put(id_named("small"), "small");
  requests[1] = start_put(id_named("large"), large);
  ASSERT_EQ(obj_get_async(client_.get(), &present, 0, &hit, &requests[2]), OBJ_OK);
  ASSERT_EQ(obj_get_async(client_.get(), &id_, 0, &miss, &requests[3]), OBJ_OK);
  const obj_id created = id_named("created");
  ASSERT_EQ(obj_create_async(client_.get(), &created, 10, 0, 0, &buffer, &requests[4]), OBJ_OK);

  std::vector<int> statuses(6, 77);
  EXPECT_EQ(wait_all(requests, OBJ_FOREVER, statuses), OBJ_ENOTFOUND);
  EXPECT_THAT(statuses, ElementsAre(OBJ_OK, OBJ_OK, OBJ_OK, OBJ_ENOTFOUND, OBJ_OK, 77));
  EXPECT_THAT(requests, Each(nullptr));
  EXPECT_EQ(read(id_named("large")), large);
  EXPECT_EQ(data_of(hit), "here");
  EXPECT_EQ(miss.data, nullptr);
  EXPECT_EQ(obj_release(client_.get(), &hit), OBJ_OK);
  EXPECT_EQ(daemon_.segment().pins_held(), 0u);

  std::memcpy(buffer.data, "0123456789", 10);
  obj_request* seal = nullptr;
  ASSERT_EQ(obj_seal_async(client_.get(), &buffer, &seal), OBJ_OK);
  EXPECT_EQ(buffer.data, nullptr);
  EXPECT_EQ(finish(seal), OBJ_OK);
  EXPECT_EQ(read(created), "0123456789");
  obj_request* remove = nullptr;
  ASSERT_EQ(obj_delete_async(client_.get(), &created, &remove), OBJ_OK);
  EXPECT_EQ(finish(remove), OBJ_OK);
}

TEST_F(AsyncTest, a_late_object_completes_a_get) {
  obj_view view{};
  obj_request* request = nullptr;
  ASSERT_EQ(obj_get_async(client_.get(), &id_, OBJ_FOREVER, &view, &request), OBJ_OK);
  int done = 1;
  EXPECT_EQ(obj_test(client_.get(), &request, &done, nullptr), OBJ_OK);
  EXPECT_EQ(done, 0);
  while (daemon_.seen(RequestOp::kGet) == 0) std::this_thread::yield();
  daemon_.add_object(object_id(id_), "late", "");
  EXPECT_EQ(finish(request), OBJ_OK);
  EXPECT_EQ(data_of(view), "late");
  EXPECT_EQ(obj_release(client_.get(), &view), OBJ_OK);
}

TEST_F(AsyncTest, wait_all_that_runs_out_of_time_leaves_requests_valid) {
  std::vector<obj_view> views(2);
  std::vector<obj_request*> requests(2, nullptr);
  ASSERT_EQ(obj_get_async(client_.get(), &id_, OBJ_FOREVER, &views[0], &requests[0]), OBJ_OK);
  requests[1] = start_put(id_named("other"), "bytes");
  std::vector<int> statuses(2, 77);
  EXPECT_EQ(wait_all(requests, 20, statuses), OBJ_ETIMEOUT);
  EXPECT_NE(requests[0], nullptr);
  EXPECT_EQ(requests[1], nullptr);
  EXPECT_THAT(statuses, ElementsAre(77, OBJ_OK));
  daemon_.add_object(object_id(id_), "late", "");
  EXPECT_EQ(wait_all(requests, 5000, statuses), OBJ_OK);
  EXPECT_EQ(obj_release(client_.get(), &views[0]), OBJ_OK);
}

TEST_F(AsyncTest, more_than_requests_max_at_once_is_a_limit_and_changes_nothing) {
  std::vector<obj_request*> requests(kSizes.requests_max, nullptr);
  std::vector<obj_view> views(kSizes.requests_max + 1);
  for (uint32_t i = 0; i < kSizes.requests_max; i++) {
    ASSERT_EQ(obj_get_async(client_.get(), &id_, OBJ_FOREVER, &views[i], &requests[i]), OBJ_OK);
  }
  obj_request* one_more = nullptr;
  EXPECT_EQ(obj_get_async(client_.get(), &id_, OBJ_FOREVER, &views.back(), &one_more), OBJ_ELIMIT);
  EXPECT_EQ(one_more, nullptr);
  for (obj_request* request : requests) EXPECT_EQ(obj_cancel(client_.get(), request), OBJ_OK);
  std::vector<int> statuses(requests.size());
  EXPECT_EQ(wait_all(requests, 5000, statuses), OBJ_ECANCELLED);
  EXPECT_THAT(statuses, Each(OBJ_ECANCELLED));
  // All cells are back too.
  daemon_.add_object(object_id(id_), "bytes", "");
  std::vector<obj_view> all(kSizes.pins_max);
  for (obj_view& view : all) ASSERT_EQ(obj_get(client_.get(), &id_, 0, &view), OBJ_OK);
  EXPECT_EQ(obj_release_many(client_.get(), all.data(), all.size()), OBJ_OK);
}

// A thread that started as many large puts as there are tags, and then makes a blocking call, must
// not wait for itself.
TEST_F(AsyncTest, a_blocking_call_finds_a_tag_among_granted_puts_of_the_same_thread) {
  const std::string large(100'000, 'L');
  std::vector<obj_request*> requests;
  for (uint32_t i = 0; i < kSizes.requests_max; i++) {
    requests.push_back(start_put(id_named("large " + std::to_string(i)), large, OBJ_FOREVER));
  }
  while (daemon_.seen(RequestOp::kCreate) < kSizes.requests_max) std::this_thread::yield();
  EXPECT_EQ(put(client_, id_, "bytes", {}, OBJ_FOREVER), OBJ_OK);
  std::vector<int> statuses(requests.size());
  EXPECT_EQ(wait_all(requests, OBJ_FOREVER, statuses), OBJ_OK);
  for (uint32_t i = 0; i < kSizes.requests_max; i++) {
    EXPECT_EQ(read(id_named("large " + std::to_string(i))), large);
  }
}

TEST_F(AsyncTest, many_puts_in_flight_never_exceed_requests_max) {
  std::vector<obj_request*> window(8, nullptr);
  const std::string data(1000, 'd');
  for (int i = 0; i < 400; i++) {
    obj_request*& slot = window[static_cast<size_t>(i) % window.size()];
    if (slot != nullptr) {
      ASSERT_EQ(finish(slot), OBJ_OK);
    }
    slot = start_put(id_named(std::to_string(i)), data, OBJ_FOREVER);
  }
  std::vector<int> statuses(window.size());
  EXPECT_EQ(wait_all(window, OBJ_FOREVER, statuses), OBJ_OK);
  EXPECT_LE(daemon_.most_in_flight(), kSizes.requests_max);
}

TEST_F(AsyncTest, cancelling_a_put_that_waits_for_memory_leaves_nothing_behind) {
  const std::string most(30 << 20, 'm');
  ASSERT_EQ(put(client_, id_named("most"), most), OBJ_OK);
  obj_request* request = start_put(id_, most, OBJ_FOREVER);
  while (daemon_.seen(RequestOp::kCreate) < 2) std::this_thread::yield();
  EXPECT_EQ(obj_cancel(client_.get(), request), OBJ_OK);
  EXPECT_EQ(obj_cancel(client_.get(), request), OBJ_OK);  // again is no error
  EXPECT_EQ(finish(request), OBJ_ECANCELLED);
}

TEST_F(AsyncTest, cancelling_a_put_that_was_granted_aborts_it) {
  obj_request* request = start_put(id_, std::string(100'000, 'x'), OBJ_FOREVER);
  obj_view absent{};
  // Another blocking call takes in the grant, without doing the put's work.
  while (daemon_.seen(RequestOp::kCreate) == 0) std::this_thread::yield();
  const obj_id other = id_named("other");
  EXPECT_EQ(obj_get(client_.get(), &other, 0, &absent), OBJ_ENOTFOUND);
  EXPECT_EQ(obj_cancel(client_.get(), request), OBJ_OK);
  EXPECT_EQ(finish(request), OBJ_ECANCELLED);
  EXPECT_EQ(daemon_.seen(RequestOp::kAbort), 1u);
  EXPECT_EQ(daemon_.seen(RequestOp::kSeal), 0u);
  obj_info info;
  EXPECT_EQ(obj_stat(client_.get(), &id_, &info), OBJ_ENOTFOUND);
}

TEST_F(AsyncTest, test_of_no_request_is_done) {
  obj_request* none = nullptr;
  int done = 0;
  int status = 77;
  EXPECT_EQ(obj_test(client_.get(), &none, &done, &status), OBJ_OK);
  EXPECT_EQ(done, 1);
  EXPECT_EQ(status, 77);
  std::vector<obj_request*> requests(3, nullptr);
  EXPECT_EQ(obj_wait_all(client_.get(), requests.data(), 3, OBJ_FOREVER, nullptr), OBJ_OK);
}

TEST_F(AsyncTest, a_request_that_was_collected_is_refused) {
  obj_request* request = start_put(id_, "bytes");
  obj_request* stale = request;
  EXPECT_EQ(finish(request), OBJ_OK);
  int done = 0;
  EXPECT_EQ(obj_test(client_.get(), &stale, &done, nullptr), OBJ_EINVAL);
  EXPECT_EQ(obj_wait_all(client_.get(), &stale, 1, 0, nullptr), OBJ_EINVAL);
}

TEST_F(AsyncTest, threads_may_collect_each_others_requests) {
  obj_request* request = nullptr;
  std::string large(1'000'000, 'L');
  std::thread([&] { request = start_put(id_, large, OBJ_FOREVER); }).join();
  EXPECT_EQ(finish(request), OBJ_OK);
  EXPECT_EQ(read(id_), large);
}

}  // namespace
}  // namespace obj::test
