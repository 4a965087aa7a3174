// SPDX-License-Identifier: Apache-2.0
// node/local_service_elsewhere.cc -- the part of LocalService that deals with other nodes.
#include <optional>

#include "base/clock.hh"
#include "node/local_service.hh"

namespace obj {
namespace {

using session::Outcome;

QuestionTag question(SessionId session, uint32_t tag) { return uint64_t{session} << 32 | tag; }
SessionId session_of(QuestionTag tag) { return static_cast<SessionId>(tag >> 32); }
uint32_t tag_of(QuestionTag tag) { return static_cast<uint32_t>(tag); }

constexpr const char* kAlone = "this objd is alone: it has no `listen` address";

}  // namespace

// ---- waiting for objects of other nodes ---------------------------------------------------------

void LocalService::wish(const Waiter& waiter, PullClass pull_class) {
  if (elsewhere_ == nullptr) return;
  const auto other = wishes_.add(pull_class, {waiter.session, waiter.tag, waiter.id});
  if (other) request(*other);
}

void LocalService::request_draft() {
  if (const auto draft = wishes_.take_draft()) request(*draft);
}

void LocalService::request(const Wishes::Draft& draft) {
  std::vector<ObjectId> ids;
  ids.reserve(draft.wishes.size());
  for (const Wish& wish : draft.wishes) ids.push_back(wish.id);
  const auto bundle = elsewhere_->want(draft.pull_class, ids, now_ns_);
  if (bundle) return wishes_.requested(*bundle, draft);
  for (const Wish& wish : draft.wishes) {
    fail_wish(wish, Outcome::kLimit, "too many objects of other nodes are wanted at once");
  }
}

void LocalService::fail_wish(const Wish& wish, Outcome outcome, const std::string& why) {
  if (!waiters_.cancel(wish.session, wish.tag)) return;
  counters_.remote_failures++;
  conclude(wish.session, wish.tag, outcome, why);
}

void LocalService::no_longer_waits(const Waiter& waiter) {
  if (elsewhere_ == nullptr) return;
  if (const auto unwanted = wishes_.leave(waiter.session, waiter.tag)) {
    elsewhere_->unwant(*unwanted);
  }
}

void LocalService::end_wishes(SessionId session) {
  if (elsewhere_ == nullptr) return;
  unwanted_.clear();
  wishes_.leave_session(session, unwanted_);
  for (const BundleId bundle : unwanted_) elsewhere_->unwant(bundle);
}

void LocalService::on_bundle_done(BundleId bundle, uint64_t now_ns) {
  now_ns_ = now_ns;
  if (prefetches_.end(bundle)) return;
  // Those that were sealed here were answered then. What is left was here before it was wished for.
  Wishes::Draft again = wishes_.end(bundle);
  std::erase_if(again.wishes, [this](const Wish& wish) {
    const auto placement = store_.find_sealed(wish.id);
    if (!placement) return false;
    if (const auto waiter = waiters_.cancel(wish.session, wish.tag)) grant(*waiter, *placement);
    return true;
  });
  if (!again.wishes.empty()) request(again);
}

void LocalService::on_bundle_failed(BundleId bundle, const PullFailure& failure, uint64_t now_ns) {
  now_ns_ = now_ns;
  if (prefetches_.end(bundle)) return;
  Wishes::Draft again = wishes_.end(bundle);
  const bool is_too_large = failure.error.code == ErrorCode::kTooLarge;
  const std::string why = to_text(failure);
  std::erase_if(again.wishes, [&](const Wish& wish) {
    // That one object cannot be had is no reason not to bring the others of the same call.
    if (!is_too_large && wish.id != failure.object) return false;
    fail_wish(wish, is_too_large ? Outcome::kTooLarge : Outcome::kUnavailable, why);
    return true;
  });
  if (!again.wishes.empty()) request(again);
}

// Nobody brought it in time. REQUIRES: it is not here.
void LocalService::expire_remote(const Waiter& waiter) {
  switch (elsewhere_->whereabouts(waiter.id)) {
    case Elsewhere::Whereabouts::kNowhere:
      return conclude(waiter.session, waiter.tag, Outcome::kNotFound, {});
    case Elsewhere::Whereabouts::kSomewhere:
      return conclude(waiter.session, waiter.tag, Outcome::kTimeout,
                      "another node holds it, and it did not arrive in time");
    case Elsewhere::Whereabouts::kUnknown:
      return conclude(waiter.session, waiter.tag, Outcome::kTimeout,
                      "the directory cannot be reached, so nobody knows where it is");
  }
}

// ---- prefetch, push, delete ---------------------------------------------------------------------

void LocalService::on(const Caller& caller, uint32_t tag, const op::Prefetch& prefetch) {
  counters_.prefetches++;
  const uint64_t deadline_ns = deadline_after_ms(now_ns_, prefetch.timeout_ms);
  const bool is_cold = is_in_storage(prefetch.id);
  if (is_cold) storage_->recall(prefetch.id, deadline_ns, now_ns_);
  if (elsewhere_ == nullptr) {
    const bool is_here = is_cold || store_.look_up(prefetch.id).has_value();
    return conclude(caller.session, tag, is_here ? Outcome::kOk : Outcome::kNotFound,
                    is_here ? "" : kAlone);
  }
  if (!is_cold) prefetches_.add(prefetch.id, deadline_ns);
  if (!prefetch.more) request_prefetch();
  answer(caller.session, tag, Outcome::kOk);
}

// False: too much is wanted already. Prefetches are dropped then.
bool LocalService::request_prefetch() {
  if (prefetches_.ids().empty()) return true;
  const auto bundle = elsewhere_->want(PullClass::kPrefetch, prefetches_.ids(), now_ns_);
  prefetches_.end_call(bundle.value_or(BundleId{0}));
  return bundle.has_value();
}

bool LocalService::on_push(const ObjectId& id, uint64_t now_ns) {
  now_ns_ = now_ns;
  request_prefetch();  // what a client left half-asked is not of this one
  prefetches_.add(id, now_ns + kPushedWantedNs);
  return request_prefetch();
}

void LocalService::expire_prefetches() {
  while (prefetches_.next_deadline_ns() <= now_ns_) {
    const BundleId bundle = prefetches_.first();
    prefetches_.end(bundle);
    elsewhere_->unwant(bundle);
  }
}

void LocalService::on(const Caller& caller, uint32_t tag, const op::Push& push) {
  counters_.pushes++;
  if (elsewhere_ == nullptr) {
    return conclude(caller.session, tag, Outcome::kUnavailable, kAlone);
  }
  const auto asked = elsewhere_->push(push.id, push.node, question(caller.session, tag), now_ns_);
  if (!asked) answer(caller.session, tag, Outcome::kLimit);
}

void LocalService::on(const Caller& caller, uint32_t tag, const op::Delete& del) {
  if (caller.read_only) return answer(caller.session, tag, Outcome::kReadOnly);
  counters_.deletes++;
  store_.remove(del.id);
  if (storage_ != nullptr) {
    storage_->remove(del.id);
    fail_waiters(del.id, Outcome::kNotFound, {});
  }
  relief_ = true;
  if (elsewhere_ == nullptr) return answer(caller.session, tag, Outcome::kOk);
  const auto asked = elsewhere_->free(del.id, question(caller.session, tag), now_ns_);
  if (!asked) answer(caller.session, tag, Outcome::kLimit);
}

void LocalService::on_freed(QuestionTag tag, const Result<uint32_t>& holders,
                            const std::string& why) {
  conclude(session_of(tag), tag_of(tag), holders ? Outcome::kOk : Outcome::kUnavailable, why);
}

void LocalService::on_pushed(QuestionTag tag, const Result<void>& result, const std::string& why) {
  conclude(session_of(tag), tag_of(tag), result ? Outcome::kOk : Outcome::kUnavailable, why);
}

}  // namespace obj
