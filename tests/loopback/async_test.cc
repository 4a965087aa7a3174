// SPDX-License-Identifier: Apache-2.0
// tests/loopback/async_test.cc -- the non-blocking calls: start, test, wait, cancel.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "tests/loopback/support/client.hh"
#include "tests/loopback/support/in_process_node.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

class Async : public testing::Test {
 protected:
  obj_request* start_get(const obj_id& id, obj_view& view, int32_t timeout_ms = OBJ_FOREVER) {
    obj_request* request = nullptr;
    EXPECT_THAT(obj_get_async(client_.get(), &id, timeout_ms, &view, &request), Gives(OBJ_OK));
    return request;
  }
  // The status of a request once it is complete.
  int outcome(obj_request*& request) {
    int status = OBJ_ETIMEOUT;
    obj_wait_all(client_.get(), &request, 1, 10'000, &status);
    EXPECT_EQ(request, nullptr);
    return status;
  }

  InProcessNode node_;
  Client client_ = node_.open();
};

TEST_F(Async, calls_make_a_whole_life_of_an_object) {
  const obj_id id = id_of("object");
  obj_buffer buffer{};
  obj_request* request = nullptr;
  ASSERT_THAT(obj_create_async(client_.get(), &id, 100'000, 8, 0, &buffer, &request),
              Gives(OBJ_OK));
  ASSERT_THAT(outcome(request), Gives(OBJ_OK));
  const std::string data = pattern(100'000, 1);
  std::memcpy(buffer.data, data.data(), data.size());
  std::memcpy(buffer.metadata, "metadata", 8);
  ASSERT_THAT(obj_seal_async(client_.get(), &buffer, &request), Gives(OBJ_OK));
  ASSERT_THAT(outcome(request), Gives(OBJ_OK));
  obj_view view{};
  request = start_get(id, view);
  ASSERT_THAT(outcome(request), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(view) == data);
  EXPECT_EQ(metadata_of(view), "metadata");
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  ASSERT_THAT(obj_delete_async(client_.get(), &id, &request), Gives(OBJ_OK));
  ASSERT_THAT(outcome(request), Gives(OBJ_OK));
  EXPECT_TRUE(is_at_rest(client_, 0));
}

TEST_F(Async, puts_of_all_sizes_in_flight_together_all_arrive) {
  constexpr size_t kCount = 1000;
  std::vector<std::string> data;
  std::vector<obj_id> ids;
  std::vector<obj_request*> requests(kCount);
  for (size_t i = 0; i < kCount; i++) {
    data.push_back(pattern(i % 100 == 0 ? 50'000 : i, i));
    ids.push_back(id_of(std::to_string(i)));
  }
  for (size_t i = 0; i < kCount; i++) {
    ASSERT_THAT(obj_put_async(client_.get(), &ids[i], data[i].data(), data[i].size(), nullptr, 0,
                              10'000, &requests[i]),
                Gives(OBJ_OK));
  }
  std::vector<int> statuses(kCount, 1);
  ASSERT_THAT(obj_wait_all(client_.get(), requests.data(), kCount, 10'000, statuses.data()),
              Gives(OBJ_OK));
  EXPECT_THAT(statuses, testing::Each(OBJ_OK));
  EXPECT_THAT(requests, testing::Each(nullptr));
  for (size_t i = 0; i < kCount; i++) {
    obj_view view{};
    ASSERT_THAT(get(client_, ids[i], view), Gives(OBJ_OK));
    EXPECT_TRUE(data_of(view) == data[i]) << i;
    EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  }
  EXPECT_TRUE(is_at_rest(client_, kCount));
}

TEST_F(Async, wait_all_leaves_those_that_are_not_complete) {
  ASSERT_THAT(put(client_, id_of("here"), "here"), Gives(OBJ_OK));
  std::array<obj_view, 2> views{};
  const obj_id here = id_of("here");
  const obj_id late = id_of("late");
  std::array requests{start_get(here, views[0]), start_get(late, views[1])};
  std::array statuses{1, 1};
  EXPECT_THAT(obj_wait_all(client_.get(), requests.data(), 2, 20, statuses.data()),
              Gives(OBJ_ETIMEOUT));
  EXPECT_EQ(requests[0], nullptr);
  ASSERT_NE(requests[1], nullptr);
  EXPECT_EQ(statuses[0], OBJ_OK);
  ASSERT_THAT(put(client_, late, "late"), Gives(OBJ_OK));
  EXPECT_THAT(obj_wait_all(client_.get(), requests.data(), 2, 10'000, statuses.data()),
              Gives(OBJ_OK));
  EXPECT_EQ(data_of(views[1]), "late");
  EXPECT_THAT(obj_release_many(client_.get(), views.data(), 2), Gives(OBJ_OK));
}

TEST_F(Async, test_reports_and_frees_a_complete_request_once) {
  ASSERT_THAT(put(client_, id_of("here"), "here"), Gives(OBJ_OK));
  obj_view view{};
  const obj_id here = id_of("here");
  obj_request* request = start_get(here, view);
  int done = 0;
  int status = 1;
  ASSERT_TRUE(wait_until([&] {
    EXPECT_THAT(obj_test(client_.get(), &request, &done, &status), Gives(OBJ_OK));
    return done == 1;
  }));
  EXPECT_EQ(status, OBJ_OK);
  EXPECT_EQ(request, nullptr);
  EXPECT_THAT(obj_test(client_.get(), &request, &done, nullptr), Gives(OBJ_OK));
  EXPECT_EQ(done, 1);
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
}

TEST_F(Async, cancelled_operations_complete_and_hold_nothing) {
  const obj_id never = id_of("never");
  const obj_id all = id_of("all");
  obj_buffer hog{};
  ASSERT_THAT(obj_create(client_.get(), &all, InProcessNode::kArenaBytes, 0, 0, &hog),
              Gives(OBJ_OK));
  obj_view view{};
  obj_request* waiting_get = start_get(never, view);
  obj_request* waiting_create = nullptr;
  obj_buffer buffer{};
  ASSERT_THAT(obj_create_async(client_.get(), &never, 8, 0, OBJ_FOREVER, &buffer, &waiting_create),
              Gives(OBJ_OK));
  EXPECT_THAT(obj_cancel(client_.get(), waiting_create), Gives(OBJ_OK));
  EXPECT_THAT(obj_cancel(client_.get(), waiting_get), Gives(OBJ_OK));
  EXPECT_THAT(outcome(waiting_create), Gives(OBJ_ECANCELLED));
  EXPECT_THAT(outcome(waiting_get), Gives(OBJ_ECANCELLED));
  EXPECT_EQ(status_of(client_)["waiting"]["gets"], 0);
  EXPECT_EQ(status_of(client_)["waiting"]["creates"], 0);
  EXPECT_THAT(obj_abort(client_.get(), &hog), Gives(OBJ_OK));
  EXPECT_TRUE(is_at_rest(client_, 0));
}

TEST_F(Async, a_cancel_that_comes_too_late_leaves_the_result) {
  for (int round = 0; round < 1000; round++) {
    const obj_id id = id_of(std::to_string(round));
    obj_view view{};
    obj_request* request = start_get(id, view);
    ASSERT_THAT(put(client_, id, "x"), Gives(OBJ_OK));
    ASSERT_THAT(obj_cancel(client_.get(), request), Gives(OBJ_OK));
    const int status = outcome(request);
    ASSERT_TRUE(status == OBJ_OK || status == OBJ_ECANCELLED) << obj_status_name(status);
    if (status == OBJ_OK) {
      ASSERT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
    }
  }
  EXPECT_TRUE(is_at_rest(client_, 1000));
}

TEST_F(Async, closing_a_client_ends_its_requests) {
  Client other = node_.open();
  const obj_id never = id_of("never");
  obj_view view{};
  obj_request* request = nullptr;
  ASSERT_THAT(obj_get_async(other.get(), &never, OBJ_FOREVER, &view, &request), Gives(OBJ_OK));
  ASSERT_TRUE(wait_until([&] { return status_of(client_)["waiting"]["gets"] == 1; }));
  other.reset();
  EXPECT_TRUE(wait_until([&] { return status_of(client_)["waiting"]["gets"] == 0; }));
}

}  // namespace
}  // namespace obj
