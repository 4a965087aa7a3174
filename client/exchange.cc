// SPDX-License-Identifier: Apache-2.0
#include "client/exchange.hh"

#include <numeric>

#include "base/check.hh"
#include "client/detail_text.hh"

namespace obj::client {

using session::Completion;
using session::Layout;
using session::Outcome;
using session::Request;
using session::RequestOp;

namespace {

std::unexpected<Error> nonsense(const char* what) {
  return std::unexpected(Error{ErrorCode::kInvalid, 0, what});
}

// count - 1 .. 0, so that 0 is on top.
std::vector<uint32_t> descending(uint32_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.rbegin(), numbers.rend(), 0u);
  return numbers;
}

}  // namespace

Exchange::Exchange(std::span<std::byte> segment, const Layout& layout, const ExtentBounds& bounds,
                   LocalReader& reader, Doorbell doorbell, uint32_t start)
    : layout_(layout),
      bounds_(bounds),
      reader_(reader),
      doorbell_(doorbell),
      header_(reinterpret_cast<session::SegmentHeader*>(segment.data())),
      staging_(segment.subspan(layout.staging_offset,
                               uint64_t{layout.staging_blocks} * session::kStagingBlockBytes)),
      details_(
          part<const session::DetailSlot>(segment, layout.details_offset, session::kDetailSlots)),
      requests_(header_->requests,
                part<Request>(segment, layout.requests_offset, layout.request_slots), start),
      completions_(header_->completions,
                   part<const Completion>(segment, layout.completions_offset, layout.requests_max),
                   start),
      by_tag_(layout.requests_max, nullptr),
      free_tags_(descending(layout.requests_max)),
      free_staging_(descending(layout.staging_blocks)) {
  OBJ_CHECK(segment.size() == layout.segment_bytes);
}

Result<bool> Exchange::can_admit(uint32_t count) {
  OBJ_TRY(const uint32_t room, requests_.room());
  const uint32_t for_cancels = layout_.request_slots - layout_.requests_max;
  return free_tags_.size() >= count && room >= for_cancels + unpushed_ + count;
}

void Exchange::admit(Operation& operation, bool wants_staging) {
  OBJ_CHECK(!free_tags_.empty());
  uint32_t block = Operation::kNone;
  if (wants_staging && !free_staging_.empty()) {
    block = free_staging_.back();
    free_staging_.pop_back();
  }
  const uint32_t tag = free_tags_.back();
  free_tags_.pop_back();
  by_tag_[tag] = &operation;
  operation.start(tag, block);
  unpushed_++;
}

std::span<std::byte> Exchange::staging(const Operation& operation) {
  OBJ_CHECK(operation.staging_block() < layout_.staging_blocks);
  return staging_.subspan(uint64_t{operation.staging_block()} * session::kStagingBlockBytes,
                          session::kStagingBlockBytes);
}

Result<void> Exchange::push_first(const Operation& operation, uint64_t now_ns) {
  unpushed_--;
  return push_next(operation, now_ns);
}

Result<void> Exchange::push_next(const Operation& operation, uint64_t now_ns) {
  return push(operation.request(now_ns));
}

Result<void> Exchange::push_cancel(const Operation& operation) {
  Request request{};
  request.op = RequestOp::kCancel;
  request.tag = operation.tag();
  request.cancel.target_tag = operation.tag();
  return push(request);
}

Result<void> Exchange::push(const Request& request) {
  OBJ_TRY(const uint32_t room, requests_.room());
  if (room == 0) return nonsense("answers to requests that it has not read");
  requests_.push(request);
  has_unpublished_ = true;
  return {};
}

void Exchange::publish() {
  if (!has_unpublished_) return;
  has_unpublished_ = false;
  requests_.publish();
  doorbell_.ring_if_asleep();
}

bool Exchange::completions_waiting() const {
  const auto count = completions_.available();
  return !count || *count != 0;
}

Result<void> Exchange::drain(uint64_t now_ns, std::vector<Operation*>& changed) {
  OBJ_TRY(const uint32_t count, completions_.available());
  if (count == 0) return {};
  for (uint32_t i = 0; i < count; i++) {
    const Completion completion = completions_.take();
    const auto taken = take(completion, now_ns, changed);
    if (!taken) return taken;
  }
  // Completions first: the daemon counts an operation as in flight until it sees that we read its
  // end, so a request under the same tag must not be visible before.
  completions_.publish();
  publish();
  return {};
}

Result<void> Exchange::take(const Completion& completion, uint64_t now_ns,
                            std::vector<Operation*>& changed) {
  if (completion.tag >= layout_.requests_max) return nonsense("tag out of range");
  Operation* const operation = by_tag_[completion.tag];
  if (operation == nullptr || operation->state() != Operation::State::kPosted) {
    return nonsense("completion of no operation");
  }
  switch (operation->on_completion(completion, bounds_)) {
    case Operation::Next::kPost: give_up_staging(*operation); return push_next(*operation, now_ns);
    case Operation::Next::kCopy: changed.push_back(operation); return {};
    case Operation::Next::kFinish:
      if (!pin_is_set(*operation)) return nonsense("an object that is not pinned");
      save_detail(*operation);
      retire(*operation);
      changed.push_back(operation);
      return {};
    case Operation::Next::kNonsense: return nonsense("an answer that does not fit its request");
  }
  check_failed(__FILE__, __LINE__, "next");
}

// Whether the daemon did store the pin that its answer speaks of.
bool Exchange::pin_is_set(const Operation& operation) const {
  if (operation.order().kind != Order::Kind::kGet || !operation.succeeded()) return true;
  const Completion& answer = operation.answer();
  return pin_is_of(reader_.pin_word(operation.order().pin_cell), answer.slot, answer.generation);
}

void Exchange::give_up_staging(Operation& operation) {
  const uint32_t block = operation.give_up_staging_block();
  if (block != Operation::kNone) free_staging_.push_back(block);
}

void Exchange::retire(Operation& operation) {
  by_tag_[operation.tag()] = nullptr;
  free_tags_.push_back(operation.tag());
  give_up_staging(operation);
}

void Exchange::save_detail(Operation& operation) const {
  if (operation.succeeded() || operation.is_abandoned()) return;
  operation.detail = copy_detail(details_, operation.answer().detail);
}

void Exchange::disconnect(std::vector<Operation*>& changed) {
  for (Operation* const operation : by_tag_) {
    // One that is being copied belongs to the thread that copies, which will find out.
    if (operation == nullptr || operation->state() == Operation::State::kCopying) continue;
    operation->disconnect();
    retire(*operation);
    changed.push_back(operation);
  }
}

Operation* Exchange::find_unattended_grant() const {
  for (Operation* const operation : by_tag_) {
    if (operation == nullptr || operation->waiter != nullptr) continue;
    if (operation->state() == Operation::State::kGranted) return operation;
  }
  return nullptr;
}

}  // namespace obj::client
