// SPDX-License-Identifier: Apache-2.0
// Which of several data planes a read takes. The planes note what they are asked for.
#include "node/remote/read_routes.hh"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace obj {
namespace {

constexpr SourceNode kNear{1, 10};
constexpr SourceNode kFar{2, 10};

class NotingPlane final : public ReadPlane {
 public:
  void connect(SourceNode node, const std::string&) override { known_.insert(node); }
  void forget(SourceNode node) override { known_.erase(node); }
  void post_read(const ReadOrder& order) override { posted_.push_back(order.cookie); }
  void post_check(const CheckOrder& order) override { posted_.push_back(order.cookie); }
  void hurry(ReadCookie cookie) override { hurried_.push_back(cookie); }
  bool reaches(SourceNode node) const override { return reached_.contains(node); }

  std::set<SourceNode> known_, reached_;
  std::vector<ReadCookie> posted_, hurried_;
};

ReadOrder read_of(SourceNode node, ReadCookie cookie) {
  ReadOrder order;
  order.cookie = cookie;
  order.copy.node = node;
  return order;
}

class ReadRoutesTest : public testing::Test {
 protected:
  NotingPlane best_, second_, rest_;
  ReadRoutes routes_{{&best_, &second_}, rest_};
};

using Cookies = std::vector<ReadCookie>;

TEST_F(ReadRoutesTest, reads_take_the_first_plane_that_reaches_their_source) {
  best_.reached_ = {kNear};
  second_.reached_ = {kNear, kFar};
  routes_.post_read(read_of(kNear, 1));
  routes_.post_read(read_of(kFar, 2));
  routes_.post_check(CheckOrder{3, read_of(kFar, 0).copy});
  EXPECT_EQ(best_.posted_, Cookies{1});
  EXPECT_EQ(second_.posted_, (Cookies{2, 3}));
  EXPECT_TRUE(rest_.posted_.empty());
}

TEST_F(ReadRoutesTest, the_last_takes_what_no_plane_reaches_yet_or_any_more) {
  routes_.post_read(read_of(kNear, 1));
  best_.reached_ = {kNear};
  routes_.post_read(read_of(kNear, 2));
  best_.reached_.clear();
  routes_.post_read(read_of(kNear, 3));
  EXPECT_EQ(rest_.posted_, (Cookies{1, 3}));
  EXPECT_EQ(best_.posted_, Cookies{2});
}

TEST_F(ReadRoutesTest, every_plane_hears_of_nodes_and_of_hurries) {
  routes_.connect(kNear, "host:1");
  routes_.connect(kFar, "host:2");
  routes_.forget(kNear);
  routes_.hurry(7);
  for (const NotingPlane* const plane : {&best_, &second_, &rest_}) {
    EXPECT_EQ(plane->known_, std::set{kFar});
    EXPECT_EQ(plane->hurried_, Cookies{7});
  }
}

}  // namespace
}  // namespace obj
