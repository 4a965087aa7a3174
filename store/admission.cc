// SPDX-License-Identifier: Apache-2.0
#include "store/admission.hh"

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
    Result<Placement> result = store_.create(spec);
    if (!lacks_memory(result)) return CreateOutcome{ticket, std::move(result)};
  }
  if (deadline_ns <= now_ns) return CreateOutcome{ticket, std::unexpected(kNoRoom)};
  append(spec, ticket, deadline_ns);
  return std::nullopt;
}

void Admission::retry(uint64_t now_ns, std::vector<CreateOutcome>& outcomes) {
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now_ns) {
    const Queue::iterator late = by_deadline_.begin()->second;
    outcomes.push_back({late->ticket, std::unexpected(kNoRoom)});
    erase(late);
  }
  while (!queue_.empty()) {
    Result<Placement> result = store_.create(queue_.front().spec);
    if (lacks_memory(result)) return;
    outcomes.push_back({queue_.front().ticket, std::move(result)});
    erase(queue_.begin());
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
  return queue_.erase(waiting);
}

}  // namespace obj
