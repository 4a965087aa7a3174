// SPDX-License-Identifier: Apache-2.0
// node/local_service_storage.cc -- the part of LocalService that deals with objects in storage.
#include <optional>

#include "base/clock.hh"
#include "node/local_service.hh"
#include "node/size_text.hh"
#include "store/extent_allocator.hh"
#include "store/shared/slot.hh"

namespace obj {
namespace {

using session::Outcome;

constexpr const char* kNoStorage = "this objd has no storage: it has no spill_directory";
// How long an object is wanted that somebody only polled for: until they will have polled again.
constexpr uint64_t kPolledWantedNs = 1'000'000'000;

QuestionTag question(SessionId session, uint32_t tag) { return uint64_t{session} << 32 | tag; }

Outcome outcome_of_recall(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound: return Outcome::kDamaged;
    case ErrorCode::kOutOfMemory: return Outcome::kTimeout;
    case ErrorCode::kTooLarge: return Outcome::kTooLarge;
    default: return Outcome::kUnavailable;
  }
}

}  // namespace

// And nowhere in memory, not even half-made.
bool LocalService::is_in_storage(const ObjectId& id) const {
  if (storage_ == nullptr) return false;
  const SpilledObject* const object = storage_->find(id);
  return object != nullptr && !object->in_memory;
}

// ---- getting ----------------------------------------------------------------------------------

void LocalService::wait_for_storage(const Waiter& waiter) {
  counters_.recalls++;
  if (waiter.deadline_ns <= now_ns_) {
    storage_->recall(waiter.id, now_ns_ + kPolledWantedNs, now_ns_);
    return expire_in_storage(waiter);
  }
  const bool is_other_call = !recalling_.empty() && recalling_.front().session != waiter.session;
  if (is_other_call) recall_draft();
  waiters_.add(waiter);
  recalling_.push_back(waiter);
}

// What one call asks for must fit into memory together, since its client views all of it.
void LocalService::recall_draft() {
  if (recalling_.empty()) return;
  const std::vector<Waiter> wanted = std::exchange(recalling_, {});
  uint64_t bytes = 0;
  for (const Waiter& waiter : wanted) {
    const SpilledObject* const object = storage_->find(waiter.id);
    if (object == nullptr) continue;
    bytes += ExtentAllocator::extent_bytes(
        transfer_bytes(object->copy.data_bytes, object->copy.metadata_bytes));
  }
  const uint64_t capacity_bytes = store_.ledger().capacity_bytes;
  for (const Waiter& waiter : wanted) {
    if (bytes <= capacity_bytes) {
      storage_->recall(waiter.id, waiter.deadline_ns, now_ns_);
    } else if (waiters_.cancel(waiter.session, waiter.tag)) {
      conclude(waiter.session, waiter.tag, Outcome::kTooLarge,
               "the objects of this call take " + size_text(bytes) + ", and the arena has " +
                   size_text(capacity_bytes) + " (object_store_memory): ask for fewer at once");
    }
  }
}

void LocalService::expire_in_storage(const Waiter& waiter) {
  std::string why = "it is in storage, and was not back in memory in time";
  if (admission_.waiting() > 0) why += "; " + who_holds_the_memory();
  conclude(waiter.session, waiter.tag, Outcome::kTimeout, why);
}

void LocalService::on_recall_failed(const ObjectId& id, const Error& error,
                                    const std::string& why) {
  // Waiters that came with a longer deadline than that of the restore have asked anew.
  if (error.code == ErrorCode::kOutOfMemory) return;
  fail_waiters(id, outcome_of_recall(error), why);
}

void LocalService::fail_waiters(const ObjectId& id, Outcome outcome, const std::string& why) {
  due_.clear();
  waiters_.take_sealed(id, due_);
  for (const Waiter& waiter : due_) {
    counters_.recall_failures++;
    conclude(waiter.session, waiter.tag, outcome, why);
    no_longer_waits(waiter);
  }
}

// ---- by name ----------------------------------------------------------------------------------

void LocalService::on(const Caller& caller, uint32_t tag, const op::Spill& spill) {
  if (caller.read_only) return answer(caller.session, tag, Outcome::kReadOnly);
  counters_.spills++;
  if (storage_ == nullptr) {
    return conclude(caller.session, tag, Outcome::kUnavailable, kNoStorage);
  }
  storage_->spill(spill.id, question(caller.session, tag));
}

void LocalService::on(const Caller& caller, uint32_t tag, const op::Restore& restore) {
  const Waiter waiter{caller.session, tag, restore.id,
                      deadline_after_ms(now_ns_, restore.timeout_ms), std::nullopt};
  if (const auto placement = store_.find_sealed(restore.id)) return grant(waiter, *placement);
  if (!is_in_storage(restore.id)) return answer(caller.session, tag, Outcome::kNotFound);
  wait_for_storage(waiter);
  recall_draft();
}

void LocalService::on_spilled(QuestionTag tag, const Result<void>& result, const std::string& why) {
  const auto session = static_cast<SessionId>(tag >> 32);
  const auto request = static_cast<uint32_t>(tag);
  if (result) return answer(session, request, Outcome::kOk);
  const ErrorCode code = result.error().code;
  const bool is_absent = code == ErrorCode::kNotFound || code == ErrorCode::kCancelled;
  conclude(session, request, is_absent ? Outcome::kNotFound : Outcome::kUnavailable,
           is_absent ? "" : why);
}

// ---- memory -----------------------------------------------------------------------------------

// Storage has failed for as long as one may wait for it: those who need it are told so.
void LocalService::end_hopeless_creates() {
  if (storage_ == nullptr || admission_.waiting() == 0 || admission_.needs_turn()) return;
  if (storage_->why_hopeless(now_ns_).empty()) return;
  outcomes_.clear();
  admission_.fail_creates(outcomes_);
  for (const CreateOutcome& outcome : outcomes_) answer_create(outcome);
}

}  // namespace obj
