// SPDX-License-Identifier: Apache-2.0
#include "client/operation.hh"

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "base/check.hh"
#include "base/clock.hh"

namespace obj::client {

using session::Completion;
using session::Outcome;
using session::Request;
using session::RequestOp;

namespace {

RequestOp first_request_of(Order::Kind kind, bool is_staged) {
  switch (kind) {
    case Order::Kind::kPut: return is_staged ? RequestOp::kPutInline : RequestOp::kCreate;
    case Order::Kind::kCreate: return RequestOp::kCreate;
    case Order::Kind::kSeal: return RequestOp::kSeal;
    case Order::Kind::kAbort: return RequestOp::kAbort;
    case Order::Kind::kGet: return RequestOp::kGet;
    case Order::Kind::kWait: return RequestOp::kWait;
    case Order::Kind::kDelete: return RequestOp::kDelete;
    case Order::Kind::kPin: return RequestOp::kPin;
    case Order::Kind::kUnpin: return RequestOp::kUnpin;
    case Order::Kind::kStat: return RequestOp::kStat;
    case Order::Kind::kPrefetch: return RequestOp::kPrefetch;
    case Order::Kind::kPush: return RequestOp::kPush;
    case Order::Kind::kSpill: return RequestOp::kSpill;
    case Order::Kind::kRestore: return RequestOp::kRestore;
  }
  check_failed(__FILE__, __LINE__, "order kind");
}

// What is left until `deadline_ns`, rounded up so that a call never waits less than it was asked
// to.
int32_t remaining_ms(uint64_t deadline_ns, uint64_t now_ns) {
  if (deadline_ns == kForeverNs) return -1;
  if (deadline_ns <= now_ns) return 0;
  constexpr uint64_t kNsPerMs = 1'000'000;
  const uint64_t whole_ms = (deadline_ns - now_ns - 1) / kNsPerMs + 1;
  return static_cast<int32_t>(std::min<uint64_t>(whole_ms, INT32_MAX));
}

bool can_be_kept_waiting(RequestOp op) {
  return op == RequestOp::kCreate || op == RequestOp::kGet || op == RequestOp::kWait ||
         op == RequestOp::kRestore;
}

bool is_known(Outcome outcome) { return outcome <= Outcome::kDamaged; }

bool is_state(uint16_t value) {
  return value >= static_cast<uint16_t>(SlotState::kCreating) && value <= session::kStateSpilled;
}

}  // namespace

void Operation::reset(const Order& order) {
  order_ = order;
  state_ = State::kIdle;
  is_cancelled_ = is_abandoned_ = is_disconnected_ = false;
  tag_ = staging_block_ = kNone;
  answer_ = Completion{};
  waiter = nullptr;
  next_granted = nullptr;
  detail.reset();
}

void Operation::start(uint32_t tag, uint32_t staging_block) {
  OBJ_CHECK(state_ == State::kIdle);
  tag_ = tag;
  staging_block_ = staging_block;
  post(first_request_of(order_.kind, staging_block != kNone));
}

void Operation::finish_at_once() {
  OBJ_CHECK(state_ == State::kIdle);
  finish(Outcome::kOk);
}

Request Operation::request(uint64_t now_ns) const {
  OBJ_CHECK(state_ == State::kPosted);
  Request request{};
  request.op = posted_;
  request.tag = tag_;
  std::memcpy(request.id, order_.id.bytes.data(), sizeof request.id);
  switch (posted_) {
    case RequestOp::kCreate:
    case RequestOp::kPutInline:
      request.create.data_bytes = order_.data_bytes;
      request.create.metadata_bytes = order_.metadata_bytes;
      request.create.timeout_ms = remaining_ms(order_.deadline_ns, now_ns);
      request.create.staging_block = posted_ == RequestOp::kPutInline ? staging_block_ : 0;
      break;
    case RequestOp::kSeal:
    case RequestOp::kAbort: {
      const bool is_own = order_.kind == Order::Kind::kPut || order_.kind == Order::Kind::kCreate;
      request.object.slot = is_own ? answer_.slot : order_.slot;
      request.object.generation = is_own ? answer_.generation : order_.generation;
      break;
    }
    case RequestOp::kGet:
    case RequestOp::kWait:
    case RequestOp::kPrefetch:
    case RequestOp::kRestore:
      request.flags = order_.more ? session::kMore : 0;
      request.get.timeout_ms = remaining_ms(order_.deadline_ns, now_ns);
      request.get.pin_cell = order_.pin_cell;
      break;
    case RequestOp::kPush: request.push.node = order_.node; break;
    case RequestOp::kPin:
    case RequestOp::kUnpin: std::memcpy(request.owner, order_.owner, sizeof request.owner); break;
    case RequestOp::kDelete:
    case RequestOp::kSpill:
    case RequestOp::kStat: break;
    case RequestOp::kCancel: check_failed(__FILE__, __LINE__, "kCancel is no operation of its own");
  }
  return request;
}

Operation::Next Operation::on_completion(const Completion& completion, const ExtentBounds& bounds) {
  OBJ_CHECK(state_ == State::kPosted);
  if (!is_known(completion.outcome)) return Next::kNonsense;
  const bool is_ok = completion.outcome == Outcome::kOk;
  switch (posted_) {
    case RequestOp::kPutInline:
      if (completion.outcome != Outcome::kNoRoom) return finish(completion);
      if (is_unwanted()) return finish(Outcome::kCancelled);
      return post(RequestOp::kCreate);
    case RequestOp::kCreate: return is_ok ? on_granted(completion, bounds) : finish(completion);
    case RequestOp::kSeal:
      // A put that was deleted while it was under way did happen, and then was deleted.
      if (order_.kind == Order::Kind::kPut && completion.outcome == Outcome::kNotFound) {
        return finish(Outcome::kOk);
      }
      return finish(completion);
    case RequestOp::kAbort:
      return order_.kind == Order::Kind::kAbort ? finish(completion) : finish(Outcome::kCancelled);
    case RequestOp::kGet:
      if (is_ok &&
          (completion.slot >= bounds.slot_count ||
           !bounds.holds(completion.offset, completion.data_bytes, completion.metadata_bytes))) {
        return Next::kNonsense;
      }
      return finish(completion);
    case RequestOp::kStat:
      if (is_ok && !is_state(completion.state)) return Next::kNonsense;
      return finish(completion);
    case RequestOp::kWait:
    case RequestOp::kDelete:
    case RequestOp::kPin:
    case RequestOp::kUnpin:
    case RequestOp::kPrefetch:
    case RequestOp::kPush:
    case RequestOp::kSpill:
    case RequestOp::kRestore: return finish(completion);
    case RequestOp::kCancel: break;
  }
  check_failed(__FILE__, __LINE__, "posted request");
}

Operation::Next Operation::on_granted(const Completion& completion, const ExtentBounds& bounds) {
  // Our own sizes, not those that the daemon echoes: they are what will be written.
  if (completion.slot >= bounds.slot_count ||
      !bounds.holds(completion.offset, order_.data_bytes, order_.metadata_bytes)) {
    return Next::kNonsense;
  }
  answer_ = completion;
  if (is_abandoned_) return post(RequestOp::kAbort);
  if (order_.kind == Order::Kind::kCreate) return finish(completion);
  if (is_cancelled_) return post(RequestOp::kAbort);
  state_ = State::kGranted;
  return Next::kCopy;
}

void Operation::begin_copy() {
  OBJ_CHECK(state_ == State::kGranted);
  state_ = State::kCopying;
}

void Operation::copied() {
  OBJ_CHECK(state_ == State::kGranted || state_ == State::kCopying);
  post(is_unwanted() ? RequestOp::kAbort : RequestOp::kSeal);
}

uint32_t Operation::give_up_staging_block() { return std::exchange(staging_block_, kNone); }

void Operation::disconnect() {
  is_disconnected_ = true;
  state_ = State::kDone;
}

bool Operation::cancel() {
  OBJ_CHECK(state_ != State::kIdle);
  if (is_cancelled_ || state_ == State::kDone) return false;
  is_cancelled_ = true;
  return state_ == State::kPosted && can_be_kept_waiting(posted_);
}

bool Operation::abandon() {
  const bool must_send = cancel();
  is_abandoned_ = true;
  return must_send;
}

Operation::Next Operation::finish(const Completion& completion) {
  answer_ = completion;
  state_ = State::kDone;
  return Next::kFinish;
}

Operation::Next Operation::finish(Outcome outcome) {
  answer_.outcome = outcome;
  state_ = State::kDone;
  return Next::kFinish;
}

Operation::Next Operation::post(RequestOp op) {
  posted_ = op;
  state_ = State::kPosted;
  return Next::kPost;
}

}  // namespace obj::client
