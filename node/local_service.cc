// SPDX-License-Identifier: Apache-2.0
#include "node/local_service.hh"

#include <algorithm>
#include <cstring>

#include "base/check.hh"
#include "node/size_text.hh"
#include "store/shared/slot.hh"

namespace obj {
namespace {

using session::Completion;
using session::Outcome;

Outcome outcome_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
    case ErrorCode::kStale:
    case ErrorCode::kInvalid: return Outcome::kNotFound;
    case ErrorCode::kExists: return Outcome::kExists;
    case ErrorCode::kTimeout: return Outcome::kTimeout;
    case ErrorCode::kOutOfMemory: return Outcome::kOutOfMemory;
    case ErrorCode::kTooLarge: return Outcome::kTooLarge;
    case ErrorCode::kNotOwner: return Outcome::kNotOwner;
    case ErrorCode::kReadOnly: return Outcome::kReadOnly;
    case ErrorCode::kCancelled: return Outcome::kCancelled;
    case ErrorCode::kLimit: return Outcome::kLimit;
    case ErrorCode::kDisconnected:
    case ErrorCode::kVersion:
    case ErrorCode::kSystem: break;
  }
  check_failed(__FILE__, __LINE__, "an error that the store does not have");
}

Completion completion_for(uint32_t tag, Outcome outcome) {
  Completion completion{};
  completion.tag = tag;
  completion.outcome = outcome;
  return completion;
}

Completion completion_for(uint32_t tag, const Placement& placement) {
  Completion completion = completion_for(tag, Outcome::kOk);
  completion.generation = placement.ref.generation;
  completion.slot = placement.ref.slot;
  completion.offset = placement.offset;
  completion.data_bytes = placement.data_bytes;
  completion.metadata_bytes = placement.metadata_bytes;
  return completion;
}

}  // namespace

LocalService::LocalService(ObjectStore& store, Admission& admission, Readers& readers,
                           Answers& answers, std::span<std::byte> arena)
    : store_(store), readers_(readers), answers_(answers), arena_(arena), admission_(admission) {}

void LocalService::handle(const Caller& caller, uint32_t tag, const Operation& operation,
                          uint64_t now_ns) {
  now_ns_ = now_ns;
  std::visit([&](const auto& op) { on(caller, tag, op); }, operation);
}

void LocalService::end_session(SessionId session) {
  admission_.cancel_session(session);
  waiters_.cancel_session(session);
  end_wishes(session);
  store_.end_session(session);
  relief_ = true;
}

// ---- creating ---------------------------------------------------------------------------------

void LocalService::on(const Caller& caller, uint32_t tag, const op::Create& create) {
  if (caller.read_only) return answer(caller.session, tag, Outcome::kReadOnly);
  counters_.creates++;
  const CreateSpec spec{create.id, create.data_bytes, create.metadata_bytes, caller.session};
  const auto outcome = admission_.submit(spec, {caller.session, tag}, now_ns_,
                                         deadline_after_ms(now_ns_, create.timeout_ms));
  if (outcome) answer_create(*outcome);
}

void LocalService::answer_create(const CreateOutcome& outcome) {
  const auto [session, tag] = outcome.ticket;
  if (session == kPullSession) return elsewhere_->on_create_outcome(outcome, now_ns_);
  if (session == kSpillSession) return storage_->on_create_outcome(outcome, now_ns_);
  if (outcome.result) {
    answers_.complete(session, completion_for(tag, *outcome.result), {});
    return;
  }
  std::string detail;
  if (outcome.result.error().code == ErrorCode::kOutOfMemory) {
    counters_.out_of_memory++;
    detail = who_holds_the_memory();
    const std::string hopeless = storage_ != nullptr ? storage_->why_hopeless(now_ns_) : "";
    if (!hopeless.empty()) detail = hopeless + "; " + detail;
  } else if (outcome.result.error().code == ErrorCode::kTooLarge) {
    detail = "the arena has " + size_text(store_.ledger().capacity_bytes) +
             " (object_store_memory): the object can never fit";
  }
  answers_.complete(session, completion_for(tag, outcome_of(outcome.result.error())), detail);
}

void LocalService::on(const Caller& caller, uint32_t tag, const op::PutInline& put) {
  if (caller.read_only) return answer(caller.session, tag, Outcome::kReadOnly);
  // It must not pass creates that wait for memory, and its bytes lie in the client's staging block,
  // so it cannot wait here: the client turns it into a create.
  if (admission_.waiting() > 0) return answer(caller.session, tag, Outcome::kNoRoom);
  const auto created = store_.create({put.id, put.data_bytes, put.metadata_bytes, caller.session});
  if (!created) {
    const bool no_room = created.error().code == ErrorCode::kOutOfMemory;
    return answer(caller.session, tag, no_room ? Outcome::kNoRoom : outcome_of(created.error()));
  }
  const uint64_t block_start = uint64_t{put.staging_block} * session::kStagingBlockBytes;
  std::memcpy(arena_.data() + created->offset, caller.staging.data() + block_start,
              metadata_offset(put.data_bytes) + put.metadata_bytes);
  const auto sealed = store_.seal(created->ref, caller.session);
  OBJ_CHECK(sealed.has_value());
  counters_.puts++;
  announce_sealed(*sealed);
  answers_.complete(caller.session, completion_for(tag, *sealed), {});
}

void LocalService::on(const Caller& caller, uint32_t tag, const op::Seal& seal) {
  counters_.seals++;
  const auto sealed = store_.seal(seal.ref, caller.session);
  if (!sealed) {
    relief_ = true;  // it was removed meanwhile, so its memory came back
    return answer(caller.session, tag, outcome_of(sealed.error()));
  }
  relief_ = true;  // it can be evicted from now on
  announce_sealed(*sealed);
  answers_.complete(caller.session, completion_for(tag, *sealed), {});
}

void LocalService::on(const Caller& caller, uint32_t tag, const op::Abort& abort) {
  counters_.aborts++;
  relief_ = true;
  answer(caller.session, tag, store_.abort(abort.ref, caller.session));
}

// ---- getting ----------------------------------------------------------------------------------

void LocalService::on(const Caller& caller, uint32_t tag, const op::Get& get) {
  counters_.slow_gets++;
  get_or_wait({caller.session, tag, get.id, 0, get.pin_cell}, get.timeout_ms, PullClass::kGet);
  if (get.more) return;
  request_draft();
  recall_draft();
}

void LocalService::on(const Caller& caller, uint32_t tag, const op::Wait& wait) {
  counters_.waits++;
  get_or_wait({caller.session, tag, wait.id, 0, std::nullopt}, wait.timeout_ms, PullClass::kWait);
  request_draft();
}

void LocalService::get_or_wait(const Waiter& asked, int32_t timeout_ms, PullClass pull_class) {
  if (const auto placement = store_.find_sealed(asked.id)) return grant(asked, *placement);
  Waiter waiter = asked;
  waiter.deadline_ns = deadline_after_ms(now_ns_, timeout_ms);
  if (is_in_storage(asked.id)) {
    // It is on this node, which is all that a wait asks.
    if (pull_class == PullClass::kWait) return answer(asked.session, asked.tag, Outcome::kOk);
    return wait_for_storage(waiter);
  }
  // A poll asks this node only.
  if (waiter.deadline_ns <= now_ns_) return expire_here(waiter);
  waiters_.add(waiter);
  wish(waiter, pull_class);
}

void LocalService::grant(const Waiter& waiter, const Placement& placement) {
  if (waiter.pin_cell) answers_.set_pin(waiter.session, *waiter.pin_cell, placement.ref);
  answers_.complete(waiter.session, completion_for(waiter.tag, placement), {});
}

void LocalService::expire(const Waiter& waiter) {
  if (is_in_storage(waiter.id)) return expire_in_storage(waiter);
  const bool is_here = store_.look_up(waiter.id).has_value();
  if (is_here || elsewhere_ == nullptr) return expire_here(waiter);
  expire_remote(waiter);
}

void LocalService::expire_here(const Waiter& waiter) {
  const bool on_its_way = store_.look_up(waiter.id).has_value();
  answer(waiter.session, waiter.tag, on_its_way ? Outcome::kTimeout : Outcome::kNotFound);
}

void LocalService::announce_sealed(const Placement& sealed) {
  due_.clear();
  waiters_.take_sealed(sealed.id, due_);
  for (const Waiter& waiter : due_) {
    grant(waiter, sealed);
    no_longer_waits(waiter);
  }
}

// ---- the rest ---------------------------------------------------------------------------------

void LocalService::on(const Caller& caller, uint32_t tag, const op::Pin& pin) {
  if (caller.read_only) return answer(caller.session, tag, Outcome::kReadOnly);
  answer(caller.session, tag, store_.pin(pin.id, pin.owner));
}

void LocalService::on(const Caller& caller, uint32_t tag, const op::Unpin& unpin) {
  if (caller.read_only) return answer(caller.session, tag, Outcome::kReadOnly);
  relief_ = true;
  answer(caller.session, tag, store_.unpin(unpin.id, unpin.owner));
}

void LocalService::on(const Caller& caller, uint32_t tag, const op::Stat& stat) {
  const auto description = store_.describe(stat.id);
  if (!description) {
    if (!is_in_storage(stat.id)) return answer(caller.session, tag, Outcome::kNotFound);
    const SpillCopy& copy = storage_->find(stat.id)->copy;
    Completion completion = completion_for(tag, Outcome::kOk);
    completion.state = session::kStateSpilled;
    completion.data_bytes = copy.data_bytes;
    completion.metadata_bytes = copy.metadata_bytes;
    return answers_.complete(caller.session, completion, {});
  }
  Completion completion = completion_for(tag, description->placement);
  completion.state =
      static_cast<uint16_t>(description->sealed ? SlotState::kSealed : SlotState::kCreating);
  completion.owner_pins = description->owner_pins;
  completion.views = description->views;
  completion.creator_pid = answers_.pid(description->creator);
  answers_.complete(caller.session, completion, {});
}

void LocalService::on(const Caller& caller, uint32_t, const op::Cancel& cancel) {
  const uint32_t target = cancel.target_tag;
  const auto waiter = waiters_.cancel(caller.session, target);
  if (waiter) no_longer_waits(*waiter);
  const bool was_waiting = waiter.has_value() || admission_.cancel({caller.session, target});
  if (was_waiting) answer(caller.session, target, Outcome::kCancelled);
}

void LocalService::answer(SessionId session, uint32_t tag, Outcome outcome) {
  conclude(session, tag, outcome, {});
}

void LocalService::conclude(SessionId session, uint32_t tag, Outcome outcome,
                            const std::string& detail) {
  answers_.complete(session, completion_for(tag, outcome), detail);
}

void LocalService::answer(SessionId session, uint32_t tag, const Result<void>& result) {
  answer(session, tag, result ? Outcome::kOk : outcome_of(result.error()));
}

// ---- time and memory --------------------------------------------------------------------------

void LocalService::advance(uint64_t now_ns) {
  now_ns_ = now_ns;
  due_.clear();
  waiters_.take_expired(now_ns, due_);
  for (const Waiter& waiter : due_) {
    expire(waiter);
    no_longer_waits(waiter);
  }
  // What a client left half-asked is asked for as it is.
  request_draft();
  recall_draft();
  request_prefetch();
  expire_prefetches();

  update_release_bell();
  const bool deadline_passed = admission_.next_deadline_ns() <= now_ns;
  const bool look_again = releases_wanted_ && (relief_ || now_ns >= rescan_at_ns_);
  relief_ = false;
  end_hopeless_creates();
  if (!look_again && !deadline_passed && !admission_.needs_turn()) return;
  store_.reap();
  outcomes_.clear();
  admission_.retry(now_ns, outcomes_);
  for (const CreateOutcome& outcome : outcomes_) answer_create(outcome);
  rescan_at_ns_ = now_ns + kRescanNs;
  update_release_bell();
}

void LocalService::update_release_bell() {
  const bool wanted = admission_.waiting() > 0 || store_.has_withdrawn();
  if (wanted == releases_wanted_) return;
  releases_wanted_ = wanted;
  readers_.want_releases(wanted);
  // What was released before clients knew that we care: look once more at once.
  relief_ = wanted;
  rescan_at_ns_ = wanted ? now_ns_ : kForeverNs;
}

uint64_t LocalService::next_deadline_ns() const {
  if (admission_.needs_turn()) return now_ns_;  // at once: there is more to evict
  return std::min({waiters_.next_deadline_ns(), admission_.next_deadline_ns(),
                   prefetches_.next_deadline_ns(), rescan_at_ns_});
}

std::string LocalService::who_holds_the_memory() {
  constexpr uint32_t kNamedMax = 6;
  const Ledger& ledger = store_.ledger();
  std::string text =
      size_text(ledger.free_bytes) + " of " + size_text(ledger.capacity_bytes) + " free";
  for (const Blocker& blocker : store_.blockers(kNamedMax)) {
    text += "; " + size_text(blocker.held.bytes) + " in " + std::to_string(blocker.held.objects);
    switch (blocker.why) {
      case Blocker::Why::kUnsealed:
        text += " unsealed by " + answers_.describe(blocker.session);
        break;
      case Blocker::Why::kViewed: text += " viewed by " + answers_.describe(blocker.session); break;
      case Blocker::Why::kWithdrawn:
        text += " deleted but still viewed by " + answers_.describe(blocker.session);
        break;
      case Blocker::Why::kOwnerPinned: text += " pinned by owner " + blocker.owner; break;
      case Blocker::Why::kPulled: text += " being pulled here"; break;
      case Blocker::Why::kSpilling: text += " being written to storage"; break;
      case Blocker::Why::kRestoring: text += " being read back from storage"; break;
      case Blocker::Why::kUnspilled: text += " that are only copies and not in storage yet"; break;
      case Blocker::Why::kRemote:
        text += " held by the daemon: sent to or wanted by other nodes";
        break;
    }
  }
  if (admission_.waiting() > 0) {
    text += "; " + std::to_string(admission_.waiting()) + " other creates wait";
  }
  return text;
}

}  // namespace obj
