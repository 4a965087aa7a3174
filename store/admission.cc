// SPDX-License-Identifier: Apache-2.0
#include "store/admission.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj {
namespace {

constexpr Error kNoRoom{ErrorCode::kOutOfMemory, 0, "create"};

bool lacks_memory(const Result<Placement>& result) {
  return !result && result.error().code == ErrorCode::kOutOfMemory;
}

}  // namespace

std::optional<CreateOutcome> Admission::submit(const CreateSpec& spec, CreateTicket ticket,
                                               uint64_t now_ns, uint64_t deadline_ns) {
  OBJ_CHECK(!by_ticket_.contains(ticket));
  // Others wait: this one may not pass them, but need not wait for an answer that is known.
  const auto admissible = store_.admissible(spec);
  if (!admissible) return CreateOutcome{ticket, std::unexpected(admissible.error())};
  if (queue_.empty()) {
    Result<Placement> result = store_.create(spec, kEvictionsMax);
    if (!lacks_memory(result)) return CreateOutcome{ticket, std::move(result)};
    needs_turn_ = store_.is_clearing();
  }
  const bool is_front = queue_.empty();
  const bool may_wait = deadline_ns > now_ns || (is_front && needs_turn_);
  if (!may_wait) return CreateOutcome{ticket, std::unexpected(kNoRoom)};
  append(spec, ticket, deadline_ns);
  return std::nullopt;
}

void Admission::retry(uint64_t now_ns, std::vector<CreateOutcome>& outcomes) {
  fail_late(now_ns, outcomes);
  needs_turn_ = false;
  uint64_t left = kEvictionsMax;
  while (!queue_.empty()) {
    const uint64_t evicted_before = store_.counters().evicted.objects;
    Result<Placement> result = store_.create(queue_.front().spec, static_cast<uint32_t>(left));
    needs_turn_ = store_.is_clearing();
    if (lacks_memory(result)) break;
    outcomes.push_back({queue_.front().ticket, std::move(result)});
    erase(queue_.begin());
    left -= std::min(left, store_.counters().evicted.objects - evicted_before);
  }
  fail_late(now_ns, outcomes);
}

// All but a create at the front whose room is being made: it has waited for nobody but us.
void Admission::fail_late(uint64_t now_ns, std::vector<CreateOutcome>& outcomes) {
  for (auto next = by_deadline_.begin(); next != by_deadline_.end() && next->first <= now_ns;) {
    const Queue::iterator late = (next++)->second;
    if (needs_turn_ && late == queue_.begin()) continue;
    outcomes.push_back({late->ticket, std::unexpected(kNoRoom)});
    erase(late);
  }
}

bool Admission::cancel(CreateTicket ticket) {
  const auto found = by_ticket_.find(ticket);
  if (found == by_ticket_.end()) return false;
  erase(found->second);
  return true;
}

void Admission::cancel_session(SessionId session) {
  for (auto waiting = queue_.begin(); waiting != queue_.end();) {
    waiting = waiting->ticket.session == session ? erase(waiting) : std::next(waiting);
  }
}

uint64_t Admission::next_deadline_ns() const {
  return by_deadline_.empty() ? kForever : by_deadline_.begin()->first;
}

void Admission::append(const CreateSpec& spec, CreateTicket ticket, uint64_t deadline_ns) {
  const auto waiting = queue_.insert(queue_.end(), Waiting{spec, ticket, {}});
  waiting->by_deadline = by_deadline_.emplace(deadline_ns, waiting);
  by_ticket_.emplace(ticket, waiting);
}

Admission::Queue::iterator Admission::erase(Queue::iterator waiting) {
  by_ticket_.erase(waiting->ticket);
  by_deadline_.erase(waiting->by_deadline);
  // A plan of the front's is not the next one's.
  if (waiting == queue_.begin()) needs_turn_ = needs_turn_ && queue_.size() > 1;
  return queue_.erase(waiting);
}

}  // namespace obj
