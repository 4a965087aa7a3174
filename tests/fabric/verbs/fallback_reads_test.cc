// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/fallback_reads.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace obj::verbs {
namespace {

constexpr SourceNode kNode{7, 1};

class Recorder : public ReadTransport {
 public:
  void connect(SourceNode, const std::string&) override { connects++; }
  void forget(SourceNode) override { forgets++; }
  void post_read(const ReadOrder& order) override { posted.push_back(order.cookie); }
  void post_check(const CheckOrder& order) override { posted.push_back(order.cookie); }
  void hurry(ReadCookie cookie) override { hurried.push_back(cookie); }

  int connects = 0;
  int forgets = 0;
  std::vector<ReadCookie> posted;
  std::vector<ReadCookie> hurried;
};

class Poster : public ReadCompletions {
 public:
  void on_read_done(ReadCookie cookie, const Result<ReadProof>& result) override {
    (result ? good : bad).push_back(cookie);
  }
  void on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) override {
    (result ? good : bad).push_back(cookie);
  }
  std::vector<ReadCookie> good, bad;
};

using Cookies = std::vector<ReadCookie>;

class FallbackReadsTest : public testing::Test {
 protected:
  FallbackReadsTest() {
    reads.attach(verbs, [this](SourceNode) { return std::optional(path); }, ucx);
    reads.connect(kNode, "node:1");
  }
  void read(ReadCookie cookie) { reads.post_read({.cookie = cookie, .copy = {kNode, {}}}); }
  void check(ReadCookie cookie) { reads.post_check({.cookie = cookie, .copy = {kNode, {}}}); }
  void fail(ReadCookie cookie, ErrorCode code) {
    reads.on_read_done(cookie, std::unexpected(Error{code}));
  }

  Recorder verbs, ucx;
  Poster poster;
  PathState path = PathState::kUp;
  FallbackReads reads{poster};
};

TEST_F(FallbackReadsTest, uses_verbs_while_it_is_up_or_may_come_up) {
  read(1);
  path = PathState::kConnecting;
  check(2);
  EXPECT_EQ(verbs.posted, (Cookies{1, 2}));
  EXPECT_EQ(ucx.connects, 0) << "no connection that nobody needs";
  reads.on_read_done(1, ReadProof::kNone);
  reads.on_check_done(2, SlotSighting{});
  EXPECT_EQ(poster.good, (Cookies{1, 2}));
}

TEST_F(FallbackReadsTest, uses_the_other_while_verbs_is_down) {
  path = PathState::kDown;
  read(1);
  check(2);
  EXPECT_TRUE(verbs.posted.empty());
  EXPECT_EQ(ucx.posted, (Cookies{1, 2}));
  EXPECT_EQ(ucx.connects, 1);
  reads.hurry(1);
  EXPECT_EQ(ucx.hurried, Cookies{1});
  path = PathState::kUp;
  read(3);
  EXPECT_EQ(verbs.posted, Cookies{3});
}

TEST_F(FallbackReadsTest, asks_again_what_broke_with_its_path) {
  read(1);
  fail(1, ErrorCode::kDisconnected);
  EXPECT_EQ(ucx.posted, Cookies{1});
  EXPECT_TRUE(poster.bad.empty());
  EXPECT_EQ(reads.asked_again(), 1u);
}

TEST_F(FallbackReadsTest, tells_what_is_not_the_paths_fault_or_was_hurried) {
  read(1);
  read(2);
  fail(1, ErrorCode::kInvalid);
  reads.hurry(2);
  EXPECT_EQ(verbs.hurried, Cookies{2});
  fail(2, ErrorCode::kDisconnected);
  EXPECT_EQ(poster.bad, (Cookies{1, 2}));
  EXPECT_TRUE(ucx.posted.empty());
}

TEST_F(FallbackReadsTest, a_forgotten_node_is_asked_no_more) {
  read(1);
  reads.forget(kNode);
  fail(1, ErrorCode::kDisconnected);
  EXPECT_EQ(poster.bad, Cookies{1});
  EXPECT_EQ(verbs.forgets, 1);
  EXPECT_EQ(ucx.forgets, 0) << "it was never connected there";
}

}  // namespace
}  // namespace obj::verbs
