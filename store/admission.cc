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
  const bool passes_creates = &queue_of(spec) == &restores_;
  const bool is_next = restores_.empty() && (passes_creates || creates_.empty());
  if (is_next) {
    Result<Placement> result = store_.create(spec, kEvictionsMax);
    if (!lacks_memory(result)) return CreateOutcome{ticket, std::move(result)};
    needs_turn_ = store_.is_clearing();
  }
  const bool may_wait = deadline_ns > now_ns || (is_next && needs_turn_);
  if (!may_wait) return CreateOutcome{ticket, std::unexpected(kNoRoom)};
  append(spec, ticket, deadline_ns);
  return std::nullopt;
}

void Admission::retry(uint64_t now_ns, std::vector<CreateOutcome>& outcomes) {
  fail_late(now_ns, outcomes);
  needs_turn_ = false;
  uint64_t left = kEvictionsMax;
  while (waiting() > 0) {
    const uint64_t evicted_before = store_.counters().evicted.objects;
    const auto next = front_queue().begin();
    Result<Placement> result = store_.create(next->spec, static_cast<uint32_t>(left));
    needs_turn_ = store_.is_clearing();
    if (lacks_memory(result)) break;
    outcomes.push_back({next->ticket, std::move(result)});
    erase(next);
    left -= std::min(left, store_.counters().evicted.objects - evicted_before);
  }
  fail_late(now_ns, outcomes);
}

// All but a create at the front whose room is being made: it has waited for nobody but us.
void Admission::fail_late(uint64_t now_ns, std::vector<CreateOutcome>& outcomes) {
  for (auto next = by_deadline_.begin(); next != by_deadline_.end() && next->first <= now_ns;) {
    const Queue::iterator late = (next++)->second;
    if (needs_turn_ && is_front(late)) continue;
    outcomes.push_back({late->ticket, std::unexpected(kNoRoom)});
    erase(late);
  }
}

void Admission::fail_creates(std::vector<CreateOutcome>& outcomes) {
  while (!creates_.empty()) {
    outcomes.push_back({creates_.front().ticket, std::unexpected(kNoRoom)});
    erase(creates_.begin());
  }
}

bool Admission::cancel(CreateTicket ticket) {
  const auto found = by_ticket_.find(ticket);
  if (found == by_ticket_.end()) return false;
  erase(found->second);
  return true;
}

void Admission::cancel_session(SessionId session) {
  // Nobody ends the session that restores are of.
  for (auto waiting = creates_.begin(); waiting != creates_.end();) {
    waiting = waiting->ticket.session == session ? erase(waiting) : std::next(waiting);
  }
}

uint64_t Admission::next_deadline_ns() const {
  return by_deadline_.empty() ? kForever : by_deadline_.begin()->first;
}

void Admission::append(const CreateSpec& spec, CreateTicket ticket, uint64_t deadline_ns) {
  Queue& queue = queue_of(spec);
  const auto waiting = queue.insert(queue.end(), Waiting{spec, ticket, {}});
  waiting->by_deadline = by_deadline_.emplace(deadline_ns, waiting);
  by_ticket_.emplace(ticket, waiting);
}

Admission::Queue::iterator Admission::erase(Queue::iterator waiting) {
  by_ticket_.erase(waiting->ticket);
  by_deadline_.erase(waiting->by_deadline);
  // A plan of the front's is not the next one's.
  if (is_front(waiting)) needs_turn_ = needs_turn_ && this->waiting() > 1;
  return queue_of(waiting->spec).erase(waiting);
}

bool Admission::is_front(Queue::iterator waiting) { return waiting == front_queue().begin(); }

const CreateSpec* Admission::front() const {
  const Queue& queue = restores_.empty() ? creates_ : restores_;
  return queue.empty() ? nullptr : &queue.front().spec;
}

}  // namespace obj
