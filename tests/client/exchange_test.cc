// SPDX-License-Identifier: Apache-2.0
// tests/client/exchange_test.cc -- tags and rings against a daemon's end that the test moves by
// hand.
#include "client/exchange.hh"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <deque>

#include "base/clock.hh"
#include "tests/client/support/fake_memory.hh"

namespace obj::client {
namespace {

using session::Completion;
using session::Outcome;
using session::Request;
using session::RequestOp;

constexpr test::FakeSizes kSizes{
    .requests_max = 16, .pins_max = 8, .slots = 16, .arena_bytes = 1 << 20};

class ExchangeTest : public testing::Test {
 protected:
  test::FakeTable table_{kSizes};
  test::FakeSegment daemon_{kSizes};
  TableView view_ =
      TableView::over({reinterpret_cast<const std::byte*>(&table_.header()), table_.size_bytes()})
          .value();
  Doorbell doorbell_{table_.header(), daemon_.bell_to_daemon.get()};
  PinPool pins_{kSizes.pins_max, daemon_.header().pin_cells_used, process_epoch().value()};
  LocalReader reader_{view_,
                      {static_cast<const std::byte*>(nullptr), kSizes.arena_bytes},
                      {&daemon_.pin_cell(0), kSizes.pins_max},
                      pins_,
                      TouchLog({daemon_.file.at<session::TouchLane>(daemon_.layout.touches_offset),
                                session::kTouchLanes}),
                      doorbell_,
                      1};
  Exchange exchange_{daemon_.file.mapping.bytes(), daemon_.layout,
                     ExtentBounds{kSizes.arena_bytes, kSizes.slots}, reader_, doorbell_};
  std::deque<Operation> operations_;
  std::vector<Operation*> changed_;

  Operation& post(const Order& order, bool wants_staging = false) {
    EXPECT_TRUE(exchange_.can_admit(1).value());
    Operation& operation = operations_.emplace_back();
    operation.reset(order);
    exchange_.admit(operation, wants_staging);
    EXPECT_TRUE(exchange_.push_first(operation, 0).has_value());
    exchange_.publish();
    return operation;
  }
  Request take_request() {
    EXPECT_GT(daemon_.requests.available().value(), 0u);
    const Request request = daemon_.requests.take();
    daemon_.requests.publish();
    return request;
  }
  void answer(uint32_t tag, Outcome outcome) {
    Completion completion{};
    completion.tag = tag;
    completion.outcome = outcome;
    answer(completion);
  }
  void answer(const Completion& completion) {
    daemon_.completions.push(completion);
    daemon_.completions.publish();
  }
  bool drain() {
    changed_.clear();
    return exchange_.drain(0, changed_).has_value();
  }
  bool is_daemon_rung() const {
    uint64_t rings = 0;
    return ::read(daemon_.bell_to_daemon.get(), &rings, sizeof rings) > 0;
  }
};

TEST_F(ExchangeTest, lends_each_tag_once_and_takes_it_back_with_the_completion) {
  for (int i = 0; i < 16; i++) post(Order{Order::Kind::kDelete});
  EXPECT_FALSE(exchange_.can_admit(1).value());
  EXPECT_EQ(exchange_.free_tags(), 0u);
  uint32_t seen = 0;
  for (int i = 0; i < 16; i++) seen |= 1u << take_request().tag;
  EXPECT_EQ(seen, 0xffffu);
  answer(3, Outcome::kOk);
  EXPECT_TRUE(exchange_.completions_waiting());
  EXPECT_TRUE(drain());
  ASSERT_EQ(changed_.size(), 1u);
  EXPECT_EQ(changed_[0]->tag(), 3u);
  EXPECT_TRUE(exchange_.can_admit(1).value());
  EXPECT_FALSE(exchange_.can_admit(2).value());
}

TEST_F(ExchangeTest, goes_on_when_ring_positions_wrap) {
  // The rings as they are after 2^32 - 5 entries.
  constexpr uint32_t kStart = UINT32_MAX - 4;
  for (RingPositions* ring : {&daemon_.header().requests, &daemon_.header().completions}) {
    ring->tail = kStart;
    ring->head = kStart;
  }
  const auto requests = std::span(daemon_.file.at<Request>(daemon_.layout.requests_offset),
                                  daemon_.layout.request_slots);
  const auto completions = std::span(daemon_.file.at<Completion>(daemon_.layout.completions_offset),
                                     kSizes.requests_max);
  daemon_.requests = RingConsumer<Request>(daemon_.header().requests, requests, kStart);
  daemon_.completions = RingProducer<Completion>(daemon_.header().completions, completions, kStart);
  Exchange late(daemon_.file.mapping.bytes(), daemon_.layout,
                ExtentBounds{kSizes.arena_bytes, kSizes.slots}, reader_, doorbell_, kStart);

  for (int i = 0; i < 20; i++) {
    Operation operation;
    operation.reset(Order{Order::Kind::kDelete});
    ASSERT_TRUE(late.can_admit(1).value());
    late.admit(operation, false);
    ASSERT_TRUE(late.push_first(operation, 0).has_value());
    late.publish();
    answer(take_request().tag, Outcome::kOk);
    changed_.clear();
    ASSERT_TRUE(late.drain(0, changed_).has_value());
    ASSERT_EQ(changed_.size(), 1u);
  }
}

TEST_F(ExchangeTest, publishes_that_it_read_completions_before_it_reuses_their_tags) {
  Order put{Order::Kind::kPut};
  put.data_bytes = 10;
  post(put, true);
  const uint32_t tag = take_request().tag;
  answer(tag, Outcome::kNoRoom);
  EXPECT_TRUE(drain());
  EXPECT_EQ(take_request().op, RequestOp::kCreate);
  EXPECT_EQ(daemon_.completions.room().value(), kSizes.requests_max);
}

TEST_F(ExchangeTest, lends_staging_blocks_until_none_is_left) {
  Order put{Order::Kind::kPut};
  put.data_bytes = 10;
  std::vector<Operation*> staged;
  for (uint32_t i = 0; i < daemon_.layout.staging_blocks; i++) staged.push_back(&post(put, true));
  EXPECT_NE(exchange_.staging(*staged[0]).data(), exchange_.staging(*staged[1]).data());
  const Request first = take_request();
  answer(first.tag, Outcome::kNoRoom);  // the block comes back before the operation ends
  for (uint32_t i = 1; i < daemon_.layout.staging_blocks; i++)
    answer(take_request().tag, Outcome::kOk);
  EXPECT_TRUE(drain());
  EXPECT_NE(post(put, true).staging_block(), Operation::kNone);
}

TEST_F(ExchangeTest, rings_only_when_the_daemon_sleeps) {
  post(Order{Order::Kind::kDelete});
  EXPECT_FALSE(is_daemon_rung());
  table_.header().daemon_sleeps = 1;
  post(Order{Order::Kind::kDelete});
  EXPECT_TRUE(is_daemon_rung());
}

TEST_F(ExchangeTest, has_room_for_a_cancel_of_everything) {
  Order wait{Order::Kind::kWait};
  wait.deadline_ns = kForeverNs;
  for (int i = 0; i < 16; i++) post(wait);
  for (Operation& operation : operations_) {
    ASSERT_TRUE(operation.cancel());
    EXPECT_TRUE(exchange_.push_cancel(operation).has_value());
  }
  exchange_.publish();
  EXPECT_EQ(daemon_.requests.available().value(), 32u);
}

TEST_F(ExchangeTest, admits_nobody_while_the_ring_is_full_of_cancels) {
  Order wait{Order::Kind::kWait};
  wait.deadline_ns = kForeverNs;
  for (int i = 0; i < 16; i++) post(wait);
  for (int i = 0; i < 16; i++) take_request();
  for (Operation& operation : operations_) {
    static_cast<void>(operation.cancel());
    static_cast<void>(exchange_.push_cancel(operation));
  }
  exchange_.publish();
  // All end by themselves, before the daemon looks at the cancels.
  for (uint32_t tag = 0; tag < 16; tag++) answer(tag, Outcome::kNotFound);
  EXPECT_TRUE(drain());
  EXPECT_EQ(exchange_.free_tags(), 16u);
  EXPECT_FALSE(exchange_.can_admit(1).value());
  take_request();
  EXPECT_TRUE(exchange_.can_admit(1).value());
  EXPECT_FALSE(exchange_.can_admit(2).value());
}

TEST_F(ExchangeTest, refuses_a_completion_of_a_tag_that_is_not_in_use) {
  answer(5, Outcome::kOk);
  EXPECT_FALSE(drain());
}

TEST_F(ExchangeTest, refuses_a_tag_out_of_range) {
  answer(16, Outcome::kOk);
  EXPECT_FALSE(drain());
}

TEST_F(ExchangeTest, refuses_a_second_completion_of_one_operation) {
  const uint32_t tag = post(Order{Order::Kind::kDelete}).tag();
  answer(tag, Outcome::kOk);
  answer(tag, Outcome::kOk);
  EXPECT_FALSE(drain());
}

TEST_F(ExchangeTest, refuses_an_impossible_position_of_either_ring) {
  daemon_.header().completions.tail = 17;
  EXPECT_TRUE(exchange_.completions_waiting());
  EXPECT_FALSE(drain());
  daemon_.header().requests.head = 1;
  EXPECT_FALSE(exchange_.can_admit(1).has_value());
}

TEST_F(ExchangeTest, refuses_a_get_whose_pin_was_not_set) {
  Order get{Order::Kind::kGet};
  get.pin_cell = pins_.take().value();
  Completion found{};
  found.generation = 4;
  found.slot = 2;
  found.tag = post(get).tag();
  daemon_.pin_cell(get.pin_cell) = make_pin(2, 4);
  answer(found);
  EXPECT_TRUE(drain());
  daemon_.pin_cell(get.pin_cell) = 0;
  found.tag = post(get).tag();
  answer(found);
  EXPECT_FALSE(drain());
}

TEST_F(ExchangeTest, disconnect_ends_what_is_in_flight_but_not_what_is_being_copied) {
  Order put{Order::Kind::kPut};
  put.data_bytes = 10;
  Operation& granted = post(put);
  Operation& copying = post(put);
  Operation& posted = post(put);
  answer(granted.tag(), Outcome::kOk);
  answer(copying.tag(), Outcome::kOk);
  EXPECT_TRUE(drain());
  EXPECT_EQ(changed_.size(), 2u);
  copying.begin_copy();
  changed_.clear();
  exchange_.disconnect(changed_);
  EXPECT_EQ(changed_.size(), 2u);
  EXPECT_TRUE(granted.is_disconnected());
  EXPECT_TRUE(posted.is_disconnected());
  EXPECT_EQ(copying.state(), Operation::State::kCopying);
}

}  // namespace
}  // namespace obj::client
