// SPDX-License-Identifier: Apache-2.0
#include "node/waiters.hh"

#include "base/check.hh"

namespace obj {

void Waiters::add(const Waiter& waiter) {
  const uint64_t order = next_order_++;
  const auto [place, is_new] =
      by_session_[waiter.session].emplace(waiter.tag, Record{waiter, order});
  OBJ_CHECK(is_new);
  const Record* const record = &place->second;
  by_id_[waiter.id].emplace(order, record);
  if (waiter.deadline_ns != kForeverNs)
    by_deadline_.emplace(std::pair(waiter.deadline_ns, order), record);
  size_++;
}

void Waiters::take_sealed(const ObjectId& id, std::vector<Waiter>& out) {
  if (size_ == 0) return;  // the usual case, on the path of every put
  for (auto found = by_id_.find(id); found != by_id_.end(); found = by_id_.find(id)) {
    const Record& first = *found->second.begin()->second;
    out.push_back(first.waiter);
    erase(first);
  }
}

void Waiters::take_expired(uint64_t now_ns, std::vector<Waiter>& out) {
  while (next_deadline_ns() <= now_ns && !by_deadline_.empty()) {
    const Record& first = *by_deadline_.begin()->second;
    out.push_back(first.waiter);
    erase(first);
  }
}

std::optional<Waiter> Waiters::cancel(SessionId session, uint32_t tag) {
  const auto of_session = by_session_.find(session);
  if (of_session == by_session_.end()) return std::nullopt;
  const auto found = of_session->second.find(tag);
  if (found == of_session->second.end()) return std::nullopt;
  const Waiter waiter = found->second.waiter;
  erase(found->second);
  return waiter;
}

void Waiters::cancel_session(SessionId session) {
  for (auto found = by_session_.find(session); found != by_session_.end();
       found = by_session_.find(session)) {
    erase(found->second.begin()->second);
  }
}

uint64_t Waiters::next_deadline_ns() const {
  return by_deadline_.empty() ? kForeverNs : by_deadline_.begin()->first.first;
}

size_t Waiters::size(SessionId session) const {
  const auto found = by_session_.find(session);
  return found == by_session_.end() ? 0 : found->second.size();
}

void Waiters::erase(const Record& record) {
  const Waiter waiter = record.waiter;
  if (waiter.deadline_ns != kForeverNs) by_deadline_.erase({waiter.deadline_ns, record.order});
  const auto same_id = by_id_.find(waiter.id);
  same_id->second.erase(record.order);
  if (same_id->second.empty()) by_id_.erase(same_id);
  const auto of_session = by_session_.find(waiter.session);
  of_session->second.erase(waiter.tag);  // `record` ends here
  if (of_session->second.empty()) by_session_.erase(of_session);
  size_--;
}

}  // namespace obj
