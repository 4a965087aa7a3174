// SPDX-License-Identifier: Apache-2.0
// tests/client/operation_test.cc -- every path through the state machine of one operation.
#include "client/operation.hh"

#include <gtest/gtest.h>

#include "base/clock.hh"

namespace obj::client {
namespace {

using session::Completion;
using session::Outcome;
using session::RequestOp;
using Next = Operation::Next;
using State = Operation::State;

constexpr ExtentBounds kBounds{1 << 20, 100};
constexpr uint64_t kMs = 1'000'000;

Completion answer(Outcome outcome) {
  Completion completion{};
  completion.tag = 5;
  completion.outcome = outcome;
  completion.slot = 7;
  completion.generation = 70;
  completion.offset = 4096;
  return completion;
}

Order put_of(uint64_t data_bytes) {
  Order order{Order::Kind::kPut};
  order.id.bytes[0] = 9;
  order.data_bytes = data_bytes;
  order.metadata_bytes = 3;
  order.deadline_ns = 10 * kMs;
  return order;
}

void start(Operation& operation, const Order& order, uint32_t staging_block = Operation::kNone) {
  operation.reset(order);
  operation.start(5, staging_block);
}

TEST(Operation, a_small_put_is_one_message) {
  Operation operation;
  start(operation, put_of(100), 2);
  const auto request = operation.request(0);
  EXPECT_EQ(request.op, RequestOp::kPutInline);
  EXPECT_EQ(request.tag, 5u);
  EXPECT_EQ(request.id[0], 9);
  EXPECT_EQ(request.create.data_bytes, 100u);
  EXPECT_EQ(request.create.metadata_bytes, 3u);
  EXPECT_EQ(request.create.staging_block, 2u);
  EXPECT_EQ(operation.on_completion(answer(Outcome::kOk), kBounds), Next::kFinish);
  EXPECT_TRUE(operation.succeeded());
}

TEST(Operation, a_small_put_without_room_becomes_create_copy_seal_with_the_time_that_is_left) {
  Operation operation;
  start(operation, put_of(100), 2);
  EXPECT_EQ(operation.on_completion(answer(Outcome::kNoRoom), kBounds), Next::kPost);
  EXPECT_EQ(operation.give_up_staging_block(), 2u);
  const auto create = operation.request(4 * kMs);
  EXPECT_EQ(create.op, RequestOp::kCreate);
  EXPECT_EQ(create.create.timeout_ms, 6);
  EXPECT_EQ(create.create.staging_block, 0u);

  EXPECT_EQ(operation.on_completion(answer(Outcome::kOk), kBounds), Next::kCopy);
  EXPECT_EQ(operation.place_offset(), 4096u);
  operation.begin_copy();
  operation.copied();
  const auto seal = operation.request(0);
  EXPECT_EQ(seal.op, RequestOp::kSeal);
  EXPECT_EQ(seal.object.slot, 7u);
  EXPECT_EQ(seal.object.generation, 70u);
  EXPECT_EQ(operation.on_completion(answer(Outcome::kOk), kBounds), Next::kFinish);
  EXPECT_TRUE(operation.succeeded());
}

TEST(Operation, a_put_that_was_deleted_on_its_way_succeeded) {
  Operation operation;
  start(operation, put_of(100'000));
  operation.on_completion(answer(Outcome::kOk), kBounds);
  operation.begin_copy();
  operation.copied();
  EXPECT_EQ(operation.on_completion(answer(Outcome::kNotFound), kBounds), Next::kFinish);
  EXPECT_TRUE(operation.succeeded());
}

TEST(Operation, a_seal_of_the_users_tells_that_the_object_was_deleted) {
  Operation operation;
  Order order{Order::Kind::kSeal};
  order.slot = 3;
  order.generation = 30;
  start(operation, order);
  EXPECT_EQ(operation.request(0).object.slot, 3u);
  EXPECT_EQ(operation.request(0).object.generation, 30u);
  operation.on_completion(answer(Outcome::kNotFound), kBounds);
  EXPECT_EQ(operation.outcome(), Outcome::kNotFound);
}

TEST(Operation, a_failed_create_ends_a_put) {
  Operation operation;
  start(operation, put_of(100'000));
  EXPECT_EQ(operation.on_completion(answer(Outcome::kOutOfMemory), kBounds), Next::kFinish);
  EXPECT_EQ(operation.outcome(), Outcome::kOutOfMemory);
}

TEST(Operation, a_place_outside_the_arena_is_nonsense) {
  for (const bool is_put : {true, false}) {
    Order order = put_of(100'000);
    if (!is_put) order.kind = Order::Kind::kCreate;
    Operation operation;
    Completion granted = answer(Outcome::kOk);
    granted.offset = (1 << 20) - 4096;
    granted.data_bytes = 1;  // what the daemon says of the size does not count
    start(operation, order);
    EXPECT_EQ(operation.on_completion(granted, kBounds), Next::kNonsense);
  }
}

TEST(Operation, a_slot_outside_the_table_is_nonsense) {
  Operation operation;
  Completion granted = answer(Outcome::kOk);
  granted.slot = 100;
  start(operation, put_of(100'000));
  EXPECT_EQ(operation.on_completion(granted, kBounds), Next::kNonsense);
}

TEST(Operation, an_object_got_outside_the_arena_is_nonsense) {
  Operation operation;
  Completion found = answer(Outcome::kOk);
  found.data_bytes = 1 << 20;
  start(operation, Order{Order::Kind::kGet});
  EXPECT_EQ(operation.on_completion(found, kBounds), Next::kNonsense);
}

TEST(Operation, an_unknown_outcome_is_nonsense) {
  Operation operation;
  start(operation, Order{Order::Kind::kDelete});
  EXPECT_EQ(operation.on_completion(answer(static_cast<Outcome>(77)), kBounds), Next::kNonsense);
}

TEST(Operation, an_unknown_state_in_a_stat_is_nonsense) {
  Operation operation;
  start(operation, Order{Order::Kind::kStat});
  EXPECT_EQ(operation.on_completion(answer(Outcome::kOk), kBounds), Next::kNonsense);
}

TEST(Operation, cancel_is_sent_once_and_only_for_what_the_daemon_may_keep) {
  for (const auto kind : {Order::Kind::kCreate, Order::Kind::kGet, Order::Kind::kWait}) {
    Operation operation;
    start(operation, Order{kind});
    EXPECT_TRUE(operation.cancel());
    EXPECT_FALSE(operation.cancel());
    EXPECT_FALSE(operation.abandon());
  }
  for (const auto kind : {Order::Kind::kSeal, Order::Kind::kDelete, Order::Kind::kStat}) {
    Operation operation;
    start(operation, Order{kind});
    EXPECT_FALSE(operation.cancel());
  }
}

TEST(Operation, a_cancelled_put_without_room_is_not_created) {
  Operation operation;
  start(operation, put_of(100), 2);
  EXPECT_FALSE(operation.cancel());
  EXPECT_EQ(operation.on_completion(answer(Outcome::kNoRoom), kBounds), Next::kFinish);
  EXPECT_EQ(operation.outcome(), Outcome::kCancelled);
}

TEST(Operation, a_cancelled_put_that_is_granted_is_aborted) {
  Operation operation;
  start(operation, put_of(100'000));
  EXPECT_TRUE(operation.cancel());
  EXPECT_EQ(operation.on_completion(answer(Outcome::kOk), kBounds), Next::kPost);
  EXPECT_EQ(operation.request(0).op, RequestOp::kAbort);
  EXPECT_EQ(operation.request(0).object.slot, 7u);
  EXPECT_EQ(operation.on_completion(answer(Outcome::kOk), kBounds), Next::kFinish);
  EXPECT_EQ(operation.outcome(), Outcome::kCancelled);
}

TEST(Operation, a_put_that_is_cancelled_while_it_is_granted_is_aborted_instead_of_sealed) {
  Operation operation;
  start(operation, put_of(100'000));
  operation.on_completion(answer(Outcome::kOk), kBounds);
  EXPECT_FALSE(operation.cancel());
  EXPECT_TRUE(operation.is_unwanted());
  operation.begin_copy();
  operation.copied();
  EXPECT_EQ(operation.request(0).op, RequestOp::kAbort);
}

TEST(Operation, a_cancelled_create_that_was_granted_before_keeps_its_result) {
  Operation operation;
  Order order = put_of(10);
  order.kind = Order::Kind::kCreate;
  start(operation, order);
  EXPECT_TRUE(operation.cancel());
  EXPECT_EQ(operation.on_completion(answer(Outcome::kOk), kBounds), Next::kFinish);
  EXPECT_TRUE(operation.succeeded());
}

TEST(Operation, an_abandoned_create_that_is_granted_is_aborted) {
  Operation operation;
  Order order = put_of(10);
  order.kind = Order::Kind::kCreate;
  start(operation, order);
  EXPECT_TRUE(operation.abandon());
  EXPECT_EQ(operation.on_completion(answer(Outcome::kOk), kBounds), Next::kPost);
  EXPECT_EQ(operation.request(0).op, RequestOp::kAbort);
  EXPECT_EQ(operation.on_completion(answer(Outcome::kNotFound), kBounds), Next::kFinish);
}

TEST(Operation, an_abandoned_small_put_without_room_is_not_created) {
  Operation operation;
  start(operation, put_of(100), 2);
  EXPECT_FALSE(operation.abandon());
  EXPECT_EQ(operation.on_completion(answer(Outcome::kNoRoom), kBounds), Next::kFinish);
}

TEST(Operation, timeouts_round_up_and_know_for_ever) {
  Operation operation;
  Order order{Order::Kind::kGet};
  order.pin_cell = 11;
  order.deadline_ns = 5 * kMs + 1;
  start(operation, order);
  EXPECT_EQ(operation.request(0).get.timeout_ms, 6);
  EXPECT_EQ(operation.request(0).get.pin_cell, 11u);
  EXPECT_EQ(operation.request(5 * kMs).get.timeout_ms, 1);
  EXPECT_EQ(operation.request(6 * kMs).get.timeout_ms, 0);
  order.deadline_ns = kForeverNs;
  start(operation, order);
  EXPECT_EQ(operation.request(0).get.timeout_ms, -1);
  order.deadline_ns = kForeverNs - 1;
  start(operation, order);
  EXPECT_EQ(operation.request(0).get.timeout_ms, INT32_MAX);
}

TEST(Operation, disconnect_ends_it_in_any_state) {
  Operation operation;
  start(operation, put_of(100'000));
  operation.on_completion(answer(Outcome::kOk), kBounds);
  operation.disconnect();
  EXPECT_EQ(operation.state(), State::kDone);
  EXPECT_FALSE(operation.succeeded());
  EXPECT_TRUE(operation.is_disconnected());
}

TEST(Operation, reset_forgets_everything) {
  Operation operation;
  start(operation, put_of(100), 2);
  static_cast<void>(operation.abandon());
  operation.disconnect();
  operation.reset(Order{Order::Kind::kDelete});
  EXPECT_EQ(operation.state(), State::kIdle);
  EXPECT_FALSE(operation.is_abandoned());
  EXPECT_FALSE(operation.is_disconnected());
  EXPECT_EQ(operation.staging_block(), Operation::kNone);
}

}  // namespace
}  // namespace obj::client
