// SPDX-License-Identifier: Apache-2.0
// tests/node/session_test.cc -- the daemon's end of a segment, against a client that writes
// anything.
//
// The test maps the segment a second time and plays the client on it.
#include "node/session.hh"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

namespace obj {
namespace {

using session::Completion;
using session::Layout;
using session::Outcome;
using session::Request;
using session::RequestOp;

class SessionTest : public ::testing::Test {
 protected:
  static constexpr Layout kLayout = Layout::of(16, 64);

  SessionTest()
      : session_(Session::create(7, Peer{1, 2, false, "test"}, kLayout).value()),
        client_(Mapping::map(session_.segment_file().get(), kLayout.segment_bytes,
                             Mapping::Access::kReadWrite, 4096)
                    .value()),
        header_(*at<session::SegmentHeader>(0)) {}

  template <class T>
  T* at(uint64_t offset) {
    return reinterpret_cast<T*>(client_.bytes().data() + offset);
  }

  void post(uint32_t tag, RequestOp op = RequestOp::kDelete) {
    Request request{};
    request.op = op;
    request.tag = tag;
    const uint32_t tail = header_.requests.tail.load();
    at<Request>(kLayout.requests_offset)[tail % kLayout.request_slots] = request;
    header_.requests.tail.store(tail + 1);
  }

  Completion completion_of(uint32_t tag) {
    Completion completion{};
    completion.tag = tag;
    return completion;
  }

  std::string take_error() {
    const auto request = session_.take_request();
    return request ? "" : request.error().where;
  }

  Session session_;
  Mapping client_;
  session::SegmentHeader& header_;
};

TEST_F(SessionTest, carries_a_request_and_its_completion) {
  post(3);
  ASSERT_EQ(session_.requests_available().value(), 1u);
  const auto request = session_.take_request();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->tag, 3u);
  EXPECT_EQ(session_.open_operations(), 1u);
  ASSERT_TRUE(session_.push(completion_of(3), "because").has_value());
  session_.publish_completions();
  EXPECT_EQ(session_.open_operations(), 0u);
  EXPECT_EQ(header_.completions.tail.load(), 1u);
  const auto& completion = at<Completion>(kLayout.completions_offset)[0];
  EXPECT_EQ(completion.tag, 3u);
  const auto& detail = at<session::DetailSlot>(kLayout.details_offset)[completion.detail % 16];
  EXPECT_EQ(detail.number.load(), completion.detail);
  EXPECT_STREQ(detail.text, "because");
}

TEST_F(SessionTest, calls_an_impossible_request_position_a_breach) {
  header_.requests.tail.store(kLayout.request_slots + 1);
  EXPECT_FALSE(session_.requests_available().has_value());
  header_.requests.tail.store(UINT32_MAX);  // backwards
  EXPECT_FALSE(session_.requests_available().has_value());
  header_.requests.tail.store(kLayout.request_slots);
  EXPECT_EQ(session_.requests_available().value(), kLayout.request_slots);
}

TEST_F(SessionTest, calls_a_tag_in_use_or_out_of_range_a_breach) {
  post(3);
  post(3);
  post(16);
  EXPECT_EQ(take_error(), "");
  EXPECT_EQ(take_error(), "tag already in flight");
  EXPECT_EQ(take_error(), "tag");
}

TEST_F(SessionTest, ends_a_client_that_posts_on_without_reading_completions) {
  for (uint32_t tag = 0; tag < 16; tag++) {
    post(tag);
    ASSERT_EQ(take_error(), "");
    ASSERT_TRUE(session_.push(completion_of(tag), "").has_value());
  }
  session_.publish_completions();
  post(0);
  EXPECT_EQ(take_error(), "more operations in flight than requests_max");
}

TEST_F(SessionTest, goes_on_when_the_client_has_read) {
  for (uint32_t round = 0; round < 100; round++) {
    post(round % 16);
    ASSERT_EQ(take_error(), "");
    session_.publish_requests_taken();
    ASSERT_TRUE(session_.push(completion_of(round % 16), "").has_value());
    session_.publish_completions();
    header_.completions.head.store(round + 1);
  }
}

TEST_F(SessionTest, calls_a_completion_position_that_moves_backwards_a_breach) {
  post(1);
  ASSERT_EQ(take_error(), "");
  header_.completions.head.store(UINT32_MAX - 15);  // claims a full ring of unread completions
  EXPECT_FALSE(session_.push(completion_of(1), "").has_value());
}

TEST_F(SessionTest, lets_cancels_pass_without_a_tag_of_their_own) {
  post(3);
  post(3, RequestOp::kCancel);
  EXPECT_EQ(take_error(), "");
  EXPECT_EQ(take_error(), "");
  EXPECT_EQ(session_.open_operations(), 1u);
}

TEST_F(SessionTest, shows_pins_below_the_mark_only_and_never_beyond_the_cells) {
  auto* const cells = at<PinCell>(kLayout.pins_offset);
  cells[0].store(make_pin(5, 9));
  cells[1].store(uint64_t{77} << 32);  // no slot: not a pin
  cells[63].store(make_pin(6, 1));
  std::vector<HeldPin> pins;
  session_.collect_pins(pins);
  EXPECT_TRUE(pins.empty());
  header_.pin_cells_used.store(2);
  session_.collect_pins(pins);
  ASSERT_EQ(pins.size(), 1u);
  EXPECT_EQ(pins[0].word, make_pin(5, 9));
  EXPECT_EQ(pins[0].session, 7u);
  header_.pin_cells_used.store(UINT32_MAX);
  pins.clear();
  session_.collect_pins(pins);
  EXPECT_EQ(pins.size(), 2u);
}

TEST_F(SessionTest, reads_each_touch_once_and_the_latest_of_an_overrun) {
  auto& lane = at<session::TouchLane>(kLayout.touches_offset)[2];
  const auto touch = [&](uint32_t slot) {
    const uint32_t n = lane.written.load();
    lane.slot_plus_1[n % session::kTouchesPerLane].store(slot + 1);
    lane.written.store(n + 1);
  };
  touch(40);
  touch(41);
  std::vector<uint32_t> slots;
  session_.collect_touches(slots);
  EXPECT_EQ(slots, (std::vector<uint32_t>{40, 41}));
  slots.clear();
  session_.collect_touches(slots);
  EXPECT_TRUE(slots.empty());
  for (uint32_t slot = 0; slot < 1000; slot++) touch(slot);
  session_.collect_touches(slots);
  ASSERT_EQ(slots.size(), session::kTouchesPerLane);
  EXPECT_EQ(slots.back(), 999u);
}

TEST_F(SessionTest, rings_only_a_client_that_sleeps) {
  char rings[16];
  post(1);
  ASSERT_EQ(take_error(), "");
  ASSERT_TRUE(session_.push(completion_of(1), "").has_value());
  session_.publish_completions();
  EXPECT_EQ(::read(session_.bell_to_client().get(), rings, sizeof rings), -1);
  header_.client_sleeps.store(1);
  session_.publish_completions();
  EXPECT_EQ(::read(session_.bell_to_client().get(), rings, sizeof rings), 1);
}

TEST_F(SessionTest, cuts_a_detail_that_is_too_long) {
  post(1);
  ASSERT_EQ(take_error(), "");
  ASSERT_TRUE(session_.push(completion_of(1), std::string(5000, 'x')).has_value());
  const uint32_t number = at<Completion>(kLayout.completions_offset)[0].detail;
  const auto& detail = at<session::DetailSlot>(kLayout.details_offset)[number % 16];
  EXPECT_EQ(::strnlen(detail.text, sizeof detail.text), sizeof detail.text - 1);
}

}  // namespace
}  // namespace obj
