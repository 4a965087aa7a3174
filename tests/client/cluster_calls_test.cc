// SPDX-License-Identifier: Apache-2.0
// tests/client/cluster_calls_test.cc -- what obj_prefetch(), obj_push() and obj_get_many() ask of
// the daemon on behalf of other nodes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <obj/obj.h>

#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "tests/client/support/fake_daemon.hh"

namespace obj::test {
namespace {

using session::Completion;
using session::Outcome;
using session::Request;
using session::RequestOp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ClusterCalls : public testing::Test {
 protected:
  // `outcome`: what the daemon answers every request with.
  void open(Outcome outcome = Outcome::kOk) {
    daemon_.answer = [this, outcome](const Request& request) {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      Completion completion{};
      completion.tag = request.tag;
      completion.outcome = outcome;
      return std::optional(completion);
    };
    ASSERT_EQ(obj_open(daemon_.path().c_str(), nullptr, &client_), OBJ_OK) << obj_last_error();
  }
  void TearDown() override { obj_close(client_); }

  std::vector<Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::vector<int> flags() {
    std::vector<int> flags;
    for (const Request& request : requests()) flags.push_back(request.flags);
    return flags;
  }

  obj_client* client_ = nullptr;
  obj_id ids_[3] = {{{1}}, {{2}}, {{3}}};

 private:
  std::mutex mutex_;
  std::vector<Request> requests_;  // guarded by mutex_

 protected:
  FakeDaemon daemon_;  // its thread, which writes requests_, ends first
};

TEST_F(ClusterCalls, a_prefetch_marks_all_ids_but_the_last_as_followed_by_more) {
  open();
  ASSERT_EQ(obj_prefetch(client_, ids_, 3, 1'000), OBJ_OK) << obj_last_error();
  EXPECT_THAT(flags(), ElementsAre(1, 1, 0));
  for (size_t i = 0; i < 3; i++) {
    const Request request = requests()[i];
    EXPECT_EQ(request.op, RequestOp::kPrefetch);
    EXPECT_EQ(std::memcmp(request.id, ids_[i].bytes, 16), 0);
    EXPECT_GT(request.get.timeout_ms, 900);
  }
}

TEST_F(ClusterCalls, a_prefetch_of_nothing_asks_nothing) {
  open();
  EXPECT_EQ(obj_prefetch(client_, nullptr, 0, 1'000), OBJ_OK);
  EXPECT_TRUE(requests().empty());
}

TEST_F(ClusterCalls, a_refused_prefetch_is_reported) {
  open(Outcome::kNotFound);
  EXPECT_EQ(obj_prefetch(client_, ids_, 3, 1'000), OBJ_ENOTFOUND);
}

TEST_F(ClusterCalls, a_push_names_the_node) {
  open();
  ASSERT_EQ(obj_push(client_, &ids_[0], 77), OBJ_OK) << obj_last_error();
  ASSERT_EQ(requests().size(), 1u);
  EXPECT_EQ(requests()[0].op, RequestOp::kPush);
  EXPECT_EQ(requests()[0].push.node, 77u);
}

TEST_F(ClusterCalls, a_push_to_no_node_is_refused_here) {
  open();
  EXPECT_EQ(obj_push(client_, &ids_[0], 0), OBJ_EINVAL);
  EXPECT_TRUE(requests().empty());
}

TEST_F(ClusterCalls, what_other_nodes_cannot_do_has_a_status_of_its_own) {
  open(Outcome::kUnavailable);
  EXPECT_EQ(obj_push(client_, &ids_[0], 77), OBJ_EUNAVAILABLE);
  EXPECT_THAT(obj_last_error(), HasSubstr("other nodes"));
  EXPECT_EQ(obj_delete(client_, &ids_[0]), OBJ_EUNAVAILABLE);
}

TEST_F(ClusterCalls, the_misses_of_a_multi_get_are_one_call) {
  open(Outcome::kNotFound);
  obj_view views[3] = {};
  int statuses[3] = {};
  EXPECT_EQ(obj_get_many(client_, ids_, 3, 100, views, statuses), OBJ_ENOTFOUND);
  EXPECT_THAT(flags(), ElementsAre(1, 1, 0));
}

TEST_F(ClusterCalls, null_arguments_are_refused) {
  open();
  EXPECT_EQ(obj_prefetch(nullptr, ids_, 1, 0), OBJ_EINVAL);
  EXPECT_EQ(obj_prefetch(client_, nullptr, 1, 0), OBJ_EINVAL);
  EXPECT_EQ(obj_push(client_, nullptr, 1), OBJ_EINVAL);
}

}  // namespace
}  // namespace obj::test
